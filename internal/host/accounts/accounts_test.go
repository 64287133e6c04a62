package accounts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

func tree(t *testing.T, content map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range content {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	passwd = "root:x:0:0:root:/root:/bin/bash\n# comment:::::::\n+::::::\nazureuser:x:1000:1000:Ubuntu:/home/azureuser:/bin/bash\nda.ve_1:x:1001:1001::/home/d:/bin/sh\nshort:x:1\n\n"
	group  = "root:x:0:\ndocker:x:999:azureuser,da.ve_1\nsudo:x:27:azureuser\n+:::\nbroken:x:5\n"
)

func TestNamesAndGroups(t *testing.T) {
	root := files.New(tree(t, map[string]string{passwdFile: passwd, groupFile: group}))
	names, err := Names(root)
	if err != nil || len(names) != 3 || !names["root"] || !names["azureuser"] || !names["da.ve_1"] {
		t.Errorf("names: %v, %v", names, err)
	}
	groups, err := Groups(root)
	if err != nil || len(groups) != 3 || strings.Join(groups["docker"], " ") != "azureuser da.ve_1" || len(groups["root"]) != 0 {
		t.Errorf("groups: %v, %v", groups, err)
	}
	if names, err := Names(files.New(t.TempDir())); err != nil || len(names) != 0 {
		t.Errorf("without files: %v, %v", names, err)
	}
}

func ovf(user string) string {
	return `<?xml version="1.0" encoding="utf-8"?>
<ns0:Environment xmlns:ns0="http://schemas.dmtf.org/ovf/environment/1" xmlns:ns1="http://schemas.microsoft.com/windowsazure">
 <ns1:ProvisioningSection><ns1:Version>1.0</ns1:Version>
  <ns1:LinuxProvisioningConfigurationSet><ns1:HostName>vm</ns1:HostName>` + user + `<ns1:UserPassword>REDACTED</ns1:UserPassword>
 </ns1:LinuxProvisioningConfigurationSet></ns1:ProvisioningSection></ns0:Environment>`
}

func TestAdmin(t *testing.T) {
	const named = "<ns1:UserName>azureuser</ns1:UserName>"
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"nothing", nil, ""},
		{"provisioning document", map[string]string{ovfFile: ovf(named)}, "azureuser"},
		{"document with another prefix", map[string]string{ovfFile: `<E xmlns="x"><UserName> azureuser </UserName></E>`}, "azureuser"},
		{"document without a name", map[string]string{ovfFile: ovf("")}, ""},
		{"document that is no XML", map[string]string{ovfFile: "<a><UserName>azure"}, ""},
		{"account is gone", map[string]string{ovfFile: ovf("<ns1:UserName>left</ns1:UserName>")}, ""},
		{"account is gone, the rule is another's", map[string]string{ovfFile: ovf("<ns1:UserName>left</ns1:UserName>"), agentSudoers: "azureuser ALL=(ALL) NOPASSWD: ALL\n"}, "azureuser"},
		{"agent's rule", map[string]string{agentSudoers: "azureuser ALL=(ALL) NOPASSWD: ALL\n"}, "azureuser"},
		{"agent's rule with password", map[string]string{agentSudoers: "azureuser ALL=(ALL) ALL\n"}, "azureuser"},
		{"cloud-init's rule", map[string]string{cloudInitSudoer: "# Created by cloud-init v. 24 on Mon\n\n# User rules for azureuser\nazureuser ALL=(ALL) NOPASSWD:ALL\n"}, "azureuser"},
		{"the document counts more", map[string]string{ovfFile: ovf(named), cloudInitSudoer: "da.ve_1 ALL=(ALL) ALL\n"}, "azureuser"},
		{"rules of no account", map[string]string{cloudInitSudoer: "Defaults x=y\nUser_Alias A = azureuser\n%sudo ALL=(ALL) ALL\n#1000 ALL=(ALL) ALL\n@includedir /x=y z\nazureuser\n"}, ""},
		{"never root", map[string]string{agentSudoers: "root ALL=(ALL) ALL\n"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			names := map[string]bool{"root": true, "azureuser": true, "da.ve_1": true}
			if got := Admin(files.New(tree(t, test.files)), names); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestMembers(t *testing.T) {
	in, out := state.Member{User: "azureuser", Group: "docker"}, state.Member{User: "root", Group: "docker"}
	none := state.Member{User: "root", Group: "none"}
	tests := []struct {
		name   string
		change func(Accounts) error
		exit   string
		call   string
		hint   string
	}{
		{"add", func(a Accounts) error { return a.AddMember(t.Context(), out) }, "", "-a root docker\n", ""},
		{"add again", func(a Accounts) error { return a.AddMember(t.Context(), in) }, "", "", ""},
		{"remove", func(a Accounts) error { return a.RemoveMember(t.Context(), in) }, "", "-d azureuser docker\n", ""},
		{"remove again", func(a Accounts) error { return a.RemoveMember(t.Context(), out) }, "", "", ""},
		{"remove from no group", func(a Accounts) error { return a.RemoveMember(t.Context(), none) }, "", "", ""},
		{"no group", func(a Accounts) error { return a.AddMember(t.Context(), none) }, "exit 3", "-a root none\n", "package"},
		{"no account", func(a Accounts) error { return a.AddMember(t.Context(), out) }, "exit 3", "-a root docker\n", "account exists"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, map[string]string{groupFile: group})
			tool := tree(t, map[string]string{"gpasswd": "#!/bin/sh\necho $* >>" + dir + "/calls\n" + test.exit + "\n"})
			err := test.change(Accounts{Root: files.New(dir), Runner: command.Runner{Path: tool}})
			calls, _ := os.ReadFile(dir + "/calls")
			if string(calls) != test.call {
				t.Errorf("called %q, want %q", calls, test.call)
			}
			if (err != nil) != (test.exit != "") {
				t.Fatalf("got %v", err)
			}
			if err != nil && (fault.CodeOf(err) != fault.Account || !strings.Contains(fault.Faults(err)[0].Hint, test.hint)) {
				t.Errorf("got %s", fault.Sentence(err, 0))
			}
		})
	}
}

func FuzzAdmin(f *testing.F) {
	f.Add([]byte(ovf("<ns1:UserName>azureuser</ns1:UserName>")), []byte("azureuser ALL=(ALL) ALL\n"))
	f.Fuzz(func(t *testing.T, document, rules []byte) {
		_ = ovfUser(document)
		for _, user := range sudoers(rules) {
			if user == "" || strings.ContainsAny(user, " \t\n") {
				t.Errorf("made up %q", user)
			}
		}
	})
}
