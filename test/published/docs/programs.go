package docs

import (
	"io"
	"strings"

	"docker-extension/cli"
	"docker-extension/cli/person"
)

// azure are the commands of az that the documents use, with flags that they have, from its reference.
func azure() map[string]string {
	return map[string]string{
		"account show":            "--query --output",
		"group create":            "--name --location",
		"keyvault secret set":     "--vault-name --name --file",
		"keyvault update":         "--resource-group --name --enabled-for-template-deployment",
		"deployment group create": "--resource-group --template-file --parameters",
		"vm extension set":        "--resource-group --vm-name --name --publisher --version --settings --protected-settings --enable-auto-upgrade --no-auto-upgrade-minor-version --force-update",
		"vm extension show":       "--resource-group --vm-name --name --instance-view --query --output",
		"vm extension delete":     "--resource-group --vm-name --name",
		"vm extension image":      "--location --publisher --name --output",
		"vm extension list":       "--resource-group --vm-name --output",
		"vm get-instance-view":    "--resource-group --name --query --output",
		"vm open-port":            "--resource-group --name --port --priority",
		"vm run-command invoke":   "--resource-group --name --command-id --scripts",
		"vmss update-instances":   "--resource-group --name --instance-ids",
		"network nsg rule create": "--resource-group --nsg-name --name --priority --access --direction --protocol --destination-port-ranges --source-address-prefixes",
		"vm extension image list": "--location --publisher --name --output",
	}
}

// programs are the other programs of the documents: their commands, each with flags that it has, from the
// manual pages. A program without commands has the one "".
func programs() map[string]map[string]string {
	plain := func(flags string) map[string]string { return map[string]string{"": flags} }
	return map[string]map[string]string{
		"docker": {
			"login": "", "context create": "--docker --description", "context update": "--docker --description", "context use": "", "ps": "-a --filter --format", "logs": "--tail", "pull": "", "version": "",
			"info": "", "run": "--init --rm -d -p", "inspect": "", "compose": "", "--context": "-a --format --filter", "--tlsverify": "--tlscacert --tlscert --tlskey -H",
		},
		"terraform": {"init": "", "apply": "", "validate": ""},
		"systemctl": {"restart": "", "mask": "", "unmask": "", "disable": "--now"},
		"apt-get":   {"update": "", "install": "--reinstall"},
		"apt-cache": {"madison": ""},
		"openssl": {
			"x509": "-in -noout -dates -ext", "cms": "-decrypt", "smime": "-decrypt",
		},
		"journalctl": plain("-u -f -n"), "dpkg": plain("--configure -a --force-unsafe-io"), "dockerd": plain("--validate"),
		"fuser": plain("-v"), "ss": plain("-ltnp"), "df": plain("-h -i"), "tail": plain("-n"), "usermod": plain("-aG"), "mount": plain("--bind"),
		"getent": {"passwd": ""}, "cat": plain(""), "cd": plain(""), "cp": plain(""), "export": plain(""), "sha256sum": plain("--check"),
		"curl": plain("-fsSL"), "jq": plain("-r"),
	}
}

// wrongCommand has the program's own tree of commands read a command line: does the command exist, does it
// have these flags, does it take so many arguments?
func wrongCommand(args []string) string {
	tree := cli.Tree(&person.Person{Out: io.Discard, Err: io.Discard}, nil)
	tree.InitDefaultHelpCmd()
	tree.InitDefaultCompletionCmd(args...)
	command, rest, err := tree.Find(args)
	if err != nil {
		return err.Error()
	}
	if !command.HasParent() && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return "there is no command " + args[0]
	}
	command.InitDefaultHelpFlag()
	if err := command.ParseFlags(rest); err != nil {
		return err.Error()
	}
	if help, err := command.Flags().GetBool("help"); command.Args == nil || err == nil && help {
		return ""
	}
	if err := command.Args(command, command.Flags().Args()); err != nil {
		return err.Error()
	}
	return ""
}
