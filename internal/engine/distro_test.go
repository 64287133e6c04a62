package engine

import (
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

func TestCheckHost(t *testing.T) {
	for name, c := range map[string]struct {
		os   state.OS
		want string // part of the error; "" = supported
	}{
		"Debian 11":        {state.OS{ID: "debian", Version: "11", Arch: "amd64", Systemd: true}, ""},
		"Debian testing":   {state.OS{ID: "debian", Arch: "arm64", Systemd: true}, ""},
		"Ubuntu 24.04":     {state.OS{ID: "ubuntu", Version: "24.04", Arch: "arm64", Systemd: true}, ""},
		"Debian 10":        {state.OS{ID: "debian", Version: "10", Name: "Debian GNU/Linux 10 (buster)", Arch: "amd64", Systemd: true}, "Debian GNU/Linux 10 (buster)"},
		"Ubuntu 18.04":     {state.OS{ID: "ubuntu", Version: "18.04", Name: "Ubuntu 18.04", Arch: "amd64", Systemd: true}, "Ubuntu 18.04"},
		"Red Hat":          {state.OS{ID: "rhel", Version: "9", Name: "RHEL 9", Arch: "amd64", Systemd: true}, "RHEL 9"},
		"32 bit":           {state.OS{ID: "debian", Version: "12", Name: "Debian 12", Arch: "386", Systemd: true}, "on 386"},
		"without systemd":  {state.OS{ID: "debian", Version: "12", Name: "Debian 12", Arch: "amd64"}, "without systemd"},
		"no os-release":    {state.OS{Arch: "amd64", Systemd: true}, "without a name"},
		"nonsense version": {state.OS{ID: "debian", Version: "twelve", Name: "Debian", Arch: "amd64", Systemd: true}, "twelve"},
	} {
		err := CheckHost(c.os)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (fault.CodeOf(err) != fault.Unsupported || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}
