package dockerd

import "testing"

func TestCheckTogether(t *testing.T) {
	for text, want := range map[string]string{
		`{"icc":false,"iptables":false}`:                                                  "d.icc: is false, for which the engine needs iptables, and that is false too",
		`{"icc":false,"iptables":true}`:                                                   "",
		`{"icc":false}`:                                                                   "",
		`{"bip":"10.1.0.1/24","bridge":"br0"}`:                                            "d.bip: cannot stand beside bridge",
		`{"bip":"10.1.0.1/24","bridge":"none"}`:                                           "d.bip: cannot stand beside bridge",
		`{"bip6":"fd00::1/64","bridge":"br0"}`:                                            "d.bip6: cannot stand beside bridge",
		`{"bip":"","bridge":"br0"}`:                                                       "",
		`{"bip":"10.1.0.1/24","bridge":""}`:                                               "",
		`{"bip":"10.1.0.1/24","fixed-cidr":"10.1.0.0/25"}`:                                "",
		`{"cgroup-parent":"/docker","exec-opts":["a=b","Native.CgroupDriver = systemd"]}`: "d.cgroup-parent: is not the name of a slice, which the cgroup driver systemd in exec-opts wants",
		`{"cgroup-parent":".slice","exec-opts":["native.cgroupdriver=systemd"]}`:          "d.cgroup-parent: is not the name of a slice, which the cgroup driver systemd in exec-opts wants",
		`{"cgroup-parent":"docker.slice","exec-opts":["native.cgroupdriver=systemd"]}`:    "",
		`{"cgroup-parent":"/docker","exec-opts":["native.cgroupdriver=cgroupfs"]}`:        "",
		`{"cgroup-parent":"/docker"}`:                                                     "", // the host tells the driver
		`{"cgroup-parent":"","exec-opts":["native.cgroupdriver=systemd"]}`:                "",
	} {
		got := ""
		for _, f := range CheckTogether(object(t, text), object(t, text), "o", "d") {
			got += f.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
