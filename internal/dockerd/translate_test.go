package dockerd

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/fault"
)

const place = "publicSettings.docker.options"

func TestTranslate(t *testing.T) {
	tests := []struct {
		name    string
		options []string
		want    string
	}{
		{"nothing", nil, `{}`},
		{"the 2015 example", []string{"-D", "--dns=8.8.8.8", "--label", "foo=bar"}, `{"debug":true,"dns":["8.8.8.8"],"labels":["foo=bar"]}`},
		{"short with value in one item", []string{"-l debug", "-s overlay2"}, `{"log-level":"debug","storage-driver":"overlay2"}`},
		{"short with value attached", []string{"-lwarn", "-s=overlay2"}, `{"log-level":"warn","storage-driver":"overlay2"}`},
		{"level in capitals", []string{"--log-level=INFO"}, `{"log-level":"INFO"}`},
		{"level that the help leaves out", []string{"-l", "trace"}, `{"log-level":"trace"}`},
		{"short cluster", []string{"-Dl", "error"}, `{"debug":true,"log-level":"error"}`},
		{"several flags in one item", []string{"-D --mtu 1400 --icc=false"}, `{"debug":true,"icc":false,"mtu":1400}`},
		{"quoted value", []string{`--label "foo=bar baz"`, `--label='a=b'`, `--label a\ b=c`}, `{"labels":["foo=bar baz","a=b","a b=c"]}`},
		{"value item with quotes", []string{"--label", `"x=y z"`, "--label", "u=v w"}, `{"labels":["x=y z","u=v w"]}`},
		{"booleans", []string{"--debug", "--icc=false", "--ipv6=1", "--live-restore=true"}, `{"debug":true,"icc":false,"ipv6":true,"live-restore":true}`},
		{"same value twice", []string{"-D", "--debug=true", "--dns=1.1.1.1", "--dns=1.1.1.1"}, `{"debug":true,"dns":["1.1.1.1"]}`},
		{"lists keep their order", []string{"--insecure-registry=b:5000", "--insecure-registry", "a:5000"}, `{"insecure-registries":["b:5000","a:5000"]}`},
		{"dns with commas", []string{"--dns=8.8.8.8,fe80::1"}, `{"dns":["8.8.8.8","fe80::1"]}`},
		{"label with comma", []string{"--label=zone=a,b"}, `{"labels":["zone=a,b"]}`},
		{"log options", []string{"--log-driver=json-file", "--log-opt", "max-size=10m", "--log-opt=max-file=3"}, `{"log-driver":"json-file","log-opts":{"max-file":"3","max-size":"10m"}}`},
		{"log option with a backslash", []string{`--log-opt=env-regex="^\d+$"`}, `{"log-opts":{"env-regex":"^\\d+$"}}`},
		{"log option with =", []string{"--log-opt=tag=a=b"}, `{"log-opts":{"tag":"a=b"}}`},
		{"ulimits", []string{"--default-ulimit=nofile=1024:2048", "--default-ulimit", "core=-1"}, `{"default-ulimits":{"core":{"Name":"core","Hard":-1,"Soft":-1},"nofile":{"Name":"nofile","Hard":2048,"Soft":1024}}}`},
		{"network options", []string{"--default-network-opt=bridge=com.docker.network.driver.mtu=1234", "--default-network-opt=bridge=a=b"}, `{"default-network-opts":{"bridge":{"a":"b","com.docker.network.driver.mtu":"1234"}}}`},
		{"runtimes", []string{"--add-runtime=Kata=/usr/bin/kata", "--add-runtime=x=/x"}, `{"runtimes":{"kata":{"path":"/usr/bin/kata"},"x":{"path":"/x"}}}`},
		{"pools", []string{"--default-address-pool", "base=10.10.0.0/16,size=24"}, `{"default-address-pools":[{"base":"10.10.0.0/16","size":24}]}`},
		{"storage options", []string{"--storage-opt=overlay2.size=10G"}, `{"storage-opts":["overlay2.size=10G"]}`},
		{"features", []string{"--feature=containerd-snapshotter", "--feature=cdi=false"}, `{"features":{"cdi":false,"containerd-snapshotter":true}}`},
		{"nri", []string{"--nri-opts=enable,socket-path=/run/nri.sock"}, `{"nri-opts":{"enable":true,"socket-path":"/run/nri.sock"}}`},
		{"proxies", []string{"--http-proxy=http://p:3128", "--no-proxy=a,b"}, `{"proxies":{"http-proxy":"http://p:3128","no-proxy":"a,b"}}`},
		{"numbers", []string{"--max-concurrent-downloads=10", "--shutdown-timeout", "-1", "--mtu=0x5dc"}, `{"max-concurrent-downloads":10,"mtu":1500,"shutdown-timeout":-1}`},
		{"sizes are strings", []string{"--default-shm-size=128M"}, `{"default-shm-size":"128M"}`},
		{"mirror", []string{"--registry-mirror=https://mirror.example.com/path"}, `{"registry-mirrors":["https://mirror.example.com/path"]}`},
		{"bridge addresses", []string{"--bip=172.26.0.1/16", "-b", "br0", "--ip=10.0.0.4"}, `{"bip":"172.26.0.1/16","bridge":"br0","ip":"10.0.0.4"}`},
		{"one gateway address", []string{"--host-gateway-ip=10.0.0.1"}, `{"host-gateway-ip":"10.0.0.1"}`},
		{"html characters", []string{"--label=a=<b>&c"}, `{"labels":["a=<b>&c"]}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			keys, notes, faults := Translate(test.options, place)
			if len(faults) > 0 || len(notes) > 0 {
				t.Fatalf("faults %v, notes %q", faults, notes)
			}
			got := string(marshal(keys))
			if got != test.want && !equal([]byte(got), []byte(test.want)) {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if wrong := CheckDaemon(keys, "x"); len(wrong) > 0 {
				t.Errorf("CheckDaemon does not take it: %v", wrong)
			}
		})
	}
}

func TestTranslateNotes(t *testing.T) {
	keys, notes, faults := Translate([]string{"-H", "unix:///var/run/docker.sock", "-H=tcp://:1", "-G", "docker"}, place)
	if len(faults) > 0 || len(notes) != 1 {
		t.Fatalf("faults %v, notes %q; want one note on --group", faults, notes)
	}
	if got := string(marshal(keys)); got != `{"group":"docker"}` {
		t.Errorf("got %s", got)
	}
}

// Each case names what the fault has to say, and its hint.
func TestTranslateFaults(t *testing.T) {
	tests := []struct {
		name    string
		options []string
		text    string // place and fact
		hint    string
	}{
		{"unknown", []string{"--debgu"}, "[0]: --debgu is not a flag", "use --debug"},
		{"unknown with value", []string{"-D", "--lable", "a=b"}, "[1]: --lable is not a flag", "use --label"},
		{"plural", []string{"--log-opts", "max-size=1m"}, "[0]: --log-opts is not a flag", "use --log-opt"},
		{"unknown and near nothing", []string{"--zzzzzzzzz"}, "[0]: --zzzzzzzzz is not", "leave it out"},
		{"unknown short", []string{"-x"}, "[0]: -x is not a flag", "leave it out"},
		{"long with one dash", []string{"-label", "a=b"}, "[0]: -label has one dash too few", "write --label"},
		{"long with one dash and value", []string{"-dns=8.8.8.8"}, "[0]: -dns has one dash too few", "write --dns"},
		{"stray value", []string{"foo=bar"}, "[0]: is neither a flag", "--flag=value"},
		{"bool as second word", []string{"--debug false"}, "[0]: is neither a flag", "write --debug=false"},
		{"two dashes", []string{"--"}, "[0]: is neither a flag", "--flag=value"},
		{"one dash", []string{"-"}, "[0]: is neither a flag", "--flag=value"},
		{"empty item", []string{"-D", " "}, "[1]: is empty", "--label=key=value"},
		{"open quote", []string{`--label "a=b`}, "[0]: has a quote", "--label=key=value"},
		{"no value at the end", []string{"--label"}, "[0]: --label has no value", "write it like --label=key=value"},
		{"no value before a flag", []string{"--mtu", "-D"}, "[0]: --mtu has no value", "write it like --mtu=10"},
		{"empty value", []string{"--bip="}, "[0]: the value of --bip is empty", "write it like --bip=10.10.0.1/16"},
		{"empty quoted value", []string{`--bip ""`}, "[0]: the value of --bip is empty", ""},
		{"not a number", []string{"--mtu=big"}, "[0]: the value of --mtu is not a whole number", "write it like --mtu=10"},
		{"negative count", []string{"--mtu=-5"}, "[0]: the value of --mtu is not a whole number of 0", ""},
		{"not a bool", []string{"--debug=maybe"}, "[0]: the value of --debug is neither true nor false", "write it like --debug=true"},
		{"not an address", []string{"--dns=dns.example.com"}, "[0]: the value of --dns is not a string with an IP", "write it like --dns=10.0.0.1"},
		{"empty address in a list", []string{"--dns=1.1.1.1,"}, "[0]: the value of --dns is not", ""},
		{"not a size", []string{"--default-shm-size=lots"}, "the value of --default-shm-size is not", "64M"},
		{"not a level", []string{"--log-level=loud"}, "is none of debug, info", "use one of them"},
		{"label without =", []string{"--label=foo"}, "the value of --label is not key=value", ""},
		{"reserved label", []string{"--label=com.docker.x=1"}, "com.docker.*", ""},
		{"two labels", []string{"--label=a=1", "--label=a=2"}, "[1]: --label gives one label a second value", "once"},
		{"mirror without scheme", []string{"--registry-mirror=mirror:5000"}, "is not an http or https URL", "https://mirror"},
		{"log option without =", []string{"--log-opt=max-size"}, "has no =", "write it like --log-opt=key=value"},
		{"two log options", []string{"--log-opt=a=1", "--log-opt=a=2"}, "[1]: --log-opt gives a a second value", "once"},
		{"ulimit", []string{"--default-ulimit=nofile=x"}, "name=soft:hard", "nofile=1024:2048"},
		{"ulimit upside down", []string{"--default-ulimit=nofile=9:8"}, "soft limit above", ""},
		{"runc", []string{"--add-runtime=runc=/x"}, "engine's own", ""},
		{"pool", []string{"--default-address-pool=10.0.0.0/8"}, "base=subnet,size=bits", "base=10.10.0.0/16,size=24"},
		{"pool size", []string{"--default-address-pool=base=10.10.0.0/16,size=8"}, "has networks that are larger than its base", "prefix"},
		{"pool base", []string{"--default-address-pool=base=x,size=24"}, "is not a string such as", ""},
		{"network option", []string{"--default-network-opt=bridge=x"}, "network-driver=option=value", ""},
		{"nri", []string{"--nri-opts=foo=1"}, "none of enable", ""},
		{"scalar twice", []string{"--mtu=1400", "--mtu=1500"}, "[1]: --mtu is given twice", "once"},
		{"bool against itself", []string{"-D", "--debug=false"}, "[1]: --debug is given twice", "once"},

		{"cluster store", []string{"--cluster-store=consul://x"}, "[0]: --cluster-store was removed in Docker 23.0", "swarm mode"},
		{"cluster advertise", []string{"--cluster-advertise", "eth0:2376"}, "--cluster-advertise was removed in Docker 23.0", "swarm mode"},
		{"cluster options", []string{"--cluster-store-opt", "a=b"}, "removed in Docker 23.0", "swarm mode"},
		{"graph", []string{"--graph=/data"}, "--graph was removed in Docker 23.0", "use data-root"},
		{"g", []string{"-g", "/data"}, "--graph was removed in Docker 23.0", "use data-root"},
		{"legacy registry", []string{"--disable-legacy-registry"}, "removed in Docker 19.03", "leave it out"},
		{"cors", []string{"--api-cors-header=*"}, "removed in Docker 28.0", "reverse proxy"},
		{"old cors", []string{"--api-enable-cors"}, "removed in Docker 17.09", "reverse proxy"},
		{"daemon", []string{"-d"}, "--daemon was removed in Docker 1.10", "leave it out"},
		{"oom", []string{"--oom-score-adjust=-500"}, "removed in Docker 25.0", "OOMScoreAdjust"},
		{"restart", []string{"--restart=false"}, "restart policies", "restart policy"},
		{"aufs", []string{"-s", "aufs"}, `is "aufs", which was removed in Docker 24.0`, "overlay2"},
		{"overlay", []string{"--storage-driver=overlay"}, "removed in Docker 24.0", "overlay2"},
		{"devicemapper", []string{"--storage-driver=devicemapper"}, "removed in Docker 25.0", "overlay2"},
		{"logentries", []string{"--log-driver=logentries"}, "removed in Docker 25.0", "syslog"},

		{"tls", []string{"--tls"}, "--tls belongs to the extension", "docker.tls"},
		{"tlsverify", []string{"--tlsverify"}, "--tlsverify belongs to the extension", "docker.port"},
		{"tlsverify off", []string{"--tlsverify=false"}, "--tlsverify belongs to the extension", "docker.tls set to false"},
		{"certificates", []string{"--tlscacert=/x", "--tlscert=/y", "--tlskey", "/z"}, "[2]: --tlskey belongs to the extension", "certs.key"},
		{"config file", []string{"--config-file", "/x"}, "--config-file belongs", "docker.daemon"},
		{"pid file", []string{"-p", "/x"}, "--pidfile belongs to the packaged", "leave it out"},
		{"containerd", []string{"--containerd=/run/x"}, "packaged docker.service", "leave it out"},
		{"plugins namespace", []string{"--containerd-plugins-namespace=x"}, "command line only", "leave it out"},
		{"rootless", []string{"--rootless"}, "without root", "leave it out"},
		{"verbs", []string{"--version", "--help", "--validate"}, "[2]: --validate does not configure", "leave it out"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, faults := Translate(test.options, place)
			if len(faults) == 0 {
				t.Fatal("no fault")
			}
			last := faults[len(faults)-1]
			if !strings.Contains(last.Error(), test.text) || !strings.Contains(last.Hint, test.hint) {
				t.Errorf("got  %s (%s)\nwant %s (%s)", last, last.Hint, test.text, test.hint)
			}
			if !strings.HasPrefix(last.Place, place+"[") || last.Code != fault.SettingsInvalid {
				t.Errorf("place %s, code %v", last.Place, last.Code)
			}
		})
	}
}

// One mistake is told once, and all mistakes are told, in the order of the list.
func TestTranslateTellsAllFaults(t *testing.T) {
	keys, _, faults := Translate([]string{"--mtu=x", "--nope", "value", "-D", "--graph", "/data", "--label", "a=b"}, place)
	var places []string
	for _, f := range faults {
		places = append(places, strings.TrimPrefix(f.Place, place))
	}
	if !slices.Equal(places, []string{"[0]", "[1]", "[4]"}) {
		t.Errorf("faults at %v: %v", places, faults)
	}
	if got := string(marshal(keys)); got != `{"debug":true,"labels":["a=b"]}` {
		t.Errorf("got %s", got)
	}
}

// Options may hold credentials: a fault never repeats a value.
func TestFaultsDoNotQuoteValues(t *testing.T) {
	const secret = "hunter2"
	for _, f := range Flags() {
		_, _, faults := Translate([]string{"--" + f.Long + "=" + secret, "-x" + secret, "-" + f.Short + secret + "=" + secret, secret, "--token=" + secret}, place)
		for _, found := range faults {
			if text := found.Error() + found.Hint; strings.Contains(text, secret) {
				t.Errorf("--%s: %s", f.Long, text)
			}
		}
	}
}

// Every flag that is taken gives a key that CheckDaemon takes.
func TestEveryFlagHasAnExampleThatWorks(t *testing.T) {
	for _, f := range Flags() {
		if f.Removed != "" || f.Refused != "" || f.Long == "host" {
			continue
		}
		keys, _, faults := Translate([]string{"--" + f.Long + "=" + sample(f)}, place)
		if len(faults) > 0 || len(keys) != 1 || keys[f.Key] == nil {
			t.Errorf("--%s=%s: keys %v, faults %v", f.Long, sample(f), keys, faults)
		}
		if wrong := CheckDaemon(keys, "x"); len(wrong) > 0 {
			t.Errorf("--%s: %v", f.Long, wrong)
		}
	}
}

// sample is a good value of a flag.
func sample(f Flag) string {
	if good := choices(f.Key); good != nil {
		return good[0]
	}
	return f.Kind.example()
}

func FuzzTranslate(f *testing.F) {
	f.Add("-D\n--dns=8.8.8.8\n--label\nfoo=bar")
	f.Add("--label \"a=b\"\n-H tcp://:1\n-label x")
	f.Add("--default-address-pool base=10.0.0.0/8,size=20\n--nri-opts enable\n--default-ulimit=a=1:2")
	f.Add("-Dl debug\n--shutdown-timeout -1\n--add-runtime a=b --add-runtime=a=c")
	f.Fuzz(func(t *testing.T, text string) {
		options := strings.Split(text, "\n")
		keys, _, faults := Translate(options, place)
		again, _, _ := Translate(options, place)
		if string(marshal(keys)) != string(marshal(again)) {
			t.Fatal("the same options gave another result")
		}
		for key, value := range keys {
			if !json.Valid(value) {
				t.Fatalf("%s is not JSON: %s", key, value)
			}
		}
		if len(faults) == 0 {
			if wrong := CheckDaemon(keys, "x"); len(wrong) > 0 {
				t.Fatalf("CheckDaemon does not take %s: %v", marshal(keys), wrong)
			}
		}
		for _, found := range faults {
			if found.Hint == "" || found.Place == "" || found.Error() == "" {
				t.Fatalf("half a fault: %+v", found)
			}
		}
	})
}
