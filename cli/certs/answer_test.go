package certs

import "testing"

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
