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
		"group create":            "--name --location",
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

// docker are the commands of docker that the documents use.
func docker() map[string]string {
	return map[string]string{
		"context create": "--docker --description", "context use": "", "--context": "-a --format --filter", "ps": "-a --filter --format", "logs": "--tail",
		"pull": "", "version": "", "info": "", "run": "--init --rm -d -p", "inspect": "", "--tlsverify": "--tlscacert --tlscert --tlskey -H",
	}
}

// others are the programs that the documents use beside those whose arguments are looked at.
func others() []string {
	return strings.Fields("cat cd cp ls export tail grep head sha256sum journalctl systemctl ss df fuser getent apt-get apt-mark dpkg terraform " +
		"python3 openssl jq curl mkdir chmod sudo date timedatectl nc tar less git ansible-playbook ssh scp")
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
