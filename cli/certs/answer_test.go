package certs

import (
	"slices"
	"testing"

	"docker-extension/cli/person"
	"docker-extension/internal/settings"
)

func TestContextName(t *testing.T) {
	for _, test := range [][3]string{
		{"VM", "myvm.westeurope.cloudapp.azure.com", "myvm"}, {"my vm", "x.example.com", "my-vm"}, {"VM", "10.0.0.4", "10.0.0.4"},
		{"VM", "*.example.com", "docker-vm"}, {"VM", "fe80::1", "fe80-1"}, {"VM", "a.b", "docker-vm"},
	} {
		if got := contextName(test[0], test[1]); got != test[2] {
			t.Errorf("%s at %s: %q, want %q", test[0], test[1], got, test[2])
		}
	}
}

// A client has to be able to reach what is printed: nobody answers to a wildcard.
func TestNextReaches(t *testing.T) {
	const plain, template = "teach your docker client where the VM is",
		"teach your docker client where the VM is; put its name, one that *.example.com covers, in place of NAME-OF-THE-VM"
	for _, test := range []struct {
		names               []string
		what, context, host string
	}{
		{[]string{"vm.example.com", "*.example.com"}, plain, "vm", "vm.example.com"},
		{[]string{"*.example.com", "vm.example.com"}, plain, "vm", "vm.example.com"},
		{[]string{"*.example.com", "10.0.0.4"}, plain, "10.0.0.4", "10.0.0.4"},
		{[]string{"*.example.com", "*.example.org"}, template, "docker-vm", "NAME-OF-THE-VM"},
	} {
		f := folder{person: &person.Person{Version: "1.0.0"}, out: "/keys"}
		r := result{Client: &certificate{}, Server: certificate{Names: test.names}}
		s := settings.Settings{}
		s.Docker.Port = 2376
		want := instruction{test.what, "docker context create " + test.context + " --docker host=tcp://" + test.host +
			":2376,ca=/keys/ca.pem,cert=/keys/cert.pem,key=/keys/key.pem"}
		if all := f.next(r, s, options{group: "g", vm: "VM"}); !slices.Contains(all, want) {
			t.Errorf("%q: %+v, want %+v", test.names, all, want)
		}
	}
}

// What is printed can be pasted into a shell.
func TestWords(t *testing.T) {
	got := words("az", "it's", "a b", "", "$HOME", "x=/y,z", fields("host=tcp://a:1", `ca=/a,"b"`))
	if want := `az 'it'\''s' 'a b' '' '$HOME' x=/y,z 'host=tcp://a:1,"ca=/a,""b"""'`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMajorMinor(t *testing.T) {
	for version, want := range map[string]string{"1.2.3": "1.2", "10.0.1.4": "10.0", "dev": "1.0"} {
		if got := majorMinor(version); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}
