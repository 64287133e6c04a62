package dockerd

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func object(t testing.TB, text string) map[string]json.RawMessage {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return members
}

func TestCheckDaemonTakes(t *testing.T) {
	for _, text := range []string{
		`{}`,
		`{"debug":true,"log-level":"debug","mtu":1400,"shutdown-timeout":-1}`,
		`{"log-driver":"local","log-opts":{"max-size":"10m","max-file":"3"}}`,
		`{"builder":{"gc":{"enabled":true,"policy":[{"keepStorage":"1GB"}]}},"features":{"containerd-snapshotter":true,"anything":false}}`,
		`{"runtimes":{"kata":{"runtimeType":"io.containerd.kata.v2","options":{"a":{"b":1}}},"x":{"path":"/x","runtimeArgs":["-v"]}}}`,
		`{"default-ulimits":{"nofile":{"Name":"nofile","Hard":64000,"Soft":64000},"core":{"name":"core","hard":0,"soft":0}}}`,
		`{"default-address-pools":[{"base":"172.30.0.0/16","size":24}],"bip":"10.1.0.1/24"}`,
		`{"runtimes":{"nvidia":{"args":[],"path":"nvidia-container-runtime"}}}`, // as nvidia-ctk writes it
		`{"default-address-pools":[{"scope":"local","base":"172.30.0.0/16","size":24}]}`,
		`{"proxies":{"http-proxy":"http://p:1","https-proxy":"http://p:1","no-proxy":"localhost,.example.com"}}`,
		`{"insecure-registries":["10.0.0.0/8","r:5000"],"registry-mirrors":["http://127.0.0.1:5000"]}`,
		`{"insecure-registries":["http://r.example.com","HTTPS://r:5000","2001:db8::1","[2001:db8::1]:80","[2001:db8::1]","127.0.0.1:","fd00::/8","r:0"]}`,
		`{"exec-opts":["native.cgroupdriver=cgroupfs","native.cgroupdriver = systemd","native.cgroupdriver=","other"]}`,
		`{"runtimes":{"x":{"path":"/x","runtimeType":""}},"max-download-attempts":0}`,
		`{"default-address-pools":[{"base":"172.30.0.0/24","size":24},{"BASE":"fd00::/48","Size":64}]}`,
		`{"dns":["1.1.1.1"],"dns-opts":["ndots:1"],"dns-search":["example.com"],"host-gateway-ips":["10.0.0.1","fe80::1"]}`,
		`{"default-network-opts":{"bridge":{"com.docker.network.driver.mtu":"1400"}},"min-api-version":"1.40"}`,
		`{"data-root":"/mnt/docker","live-restore":false,"userns-remap":"default","default-shm-size":"1.5 GiB"}`,
		`{"labels":["a=1","b=2","a=1"]}`,
		`{"extension-config":{"x":{}},"nri-opts":{"enable":true},"storage-driver":"btrfs"}`,
		// The full example of the dockerd reference has empty strings; so may other keys of their kinds.
		`{"bip":"","bip6":"","default-gateway":"","default-gateway-v6":"","fixed-cidr":"","fixed-cidr-v6":"","host-gateway-ip":"","ip":""}`,
		`{"bridge":"","data-root":"","firewall-backend":"","log-format":"","log-level":"","storage-driver":""}`,
		`{"default-cgroupns-mode":"","default-ipc-mode":"","proxies":{"http-proxy":""}}`,
		`{"log-level":"INFO"}`, `{"log-level":"trace"}`, `{"log-level":"Panic"}`,
	} {
		if faults := CheckDaemon(object(t, text), "d"); len(faults) > 0 {
			t.Errorf("%s: %v", text, faults)
		}
	}
}

func TestCheckDaemonFaults(t *testing.T) {
	tests := []struct{ text, fault, hint string }{
		{`{"hosts":["tcp://0.0.0.0:2375"]}`, "d.hosts: is already given by the packaged docker.service", "docker.port"},
		{`{"tls":true}`, "d.tls: belongs to the extension", "docker.tls"},
		{`{"tlsverify":false}`, "d.tlsverify: belongs to the extension", "docker.tls"},
		{`{"tlscacert":"/x"}`, "d.tlscacert: belongs to the extension", "certs.ca"},
		{`{"containerd":"/x"}`, "d.containerd: is already given", "leave it out"},
		{`{"pidfile":"/x"}`, "d.pidfile: belongs to the packaged", "leave it out"},
		{`{"rootless":true}`, "d.rootless: needs an engine", "leave it out"},

		{`{"graph":"/x"}`, "d.graph: was removed in Docker 23.0", "use data-root"},
		{`{"cluster-store":"x"}`, "removed in Docker 23.0", "swarm mode"},
		{`{"cluster-store-opts":{}}`, "removed in Docker 23.0", "swarm mode"},
		{`{"api-cors-header":"*"}`, "removed in Docker 28.0", "reverse proxy"},
		{`{"oom-score-adjust":-500}`, "removed in Docker 25.0", "OOMScoreAdjust"},
		{`{"deprecated-key-path":"/x"}`, "removed in Docker 24.0", "leave it out"},
		{`{"storage-driver":"devicemapper"}`, `is "devicemapper", which was removed in Docker 25.0`, "overlay2"},

		{`{"debgu":true}`, "d.debgu: is not a key that dockerd reads", "use debug"},
		{`{"label":["a=b"]}`, "d.label: is not a key", "use labels"},
		{`{"insecure-registry":["a"]}`, "is not a key", "use insecure-registries"},
		{`{"log-opt":{}}`, "is not a key", "use log-opts"},
		{`{"D":true}`, "d.D: is not a key", "use debug"},
		{`{"Debug":true}`, "d.Debug: is not a key", "use debug"},
		{`{"http-proxy":"x"}`, "d.http-proxy: is not a key", "inside of proxies"},
		{`{"validate":true}`, "is not a key", "leave it out"},
		{`{"containerd-plugin-namespace":"x"}`, "is not a key", ""},
		{`{"swarm-raft-heartbeat-tick":1}`, "is not a key", "leave it out"},
		{`{"zzzzzzzzzzzz":1}`, "is not a key", "leave it out"},

		{`{"debug":"true"}`, "d.debug: is not true or false", ""},
		{`{"debug":null}`, "d.debug: is null", "leave it out"},
		{`{"mtu":"1400"}`, "d.mtu: is not a whole number", ""},
		{`{"mtu":1400.5}`, "d.mtu: is not a whole number", ""},
		{`{"mtu":1e3}`, "d.mtu: is not a whole number", ""},
		{`{"mtu":-1}`, "d.mtu: is not a whole number of 0 or more", ""},
		{`{"bridge":12}`, "d.bridge: is a number, and dockerd wants a string", "quotes"},
		{`{"labels":"a=b"}`, "d.labels: is not a list of strings", ""},
		{`{"labels":["a=b",7]}`, "d.labels[1]: is not a string", ""},
		{`{"labels":["a"]}`, "d.labels[0]: is not key=value", ""},
		{`{"labels":["a=1","a=2"]}`, "d.labels[1]: gives one label a second value", "once"},
		{`{"dns":["x"]}`, "d.dns[0]: is not a string with an IP address", ""},
		{`{"dns":"8.8.8.8"}`, "d.dns: is not a list of strings with IP", ""},
		{`{"log-opts":{"max-file":3}}`, "d.log-opts.max-file: is a number, and dockerd wants a string", "quotes"},
		{`{"log-opts":["max-file=3"]}`, "d.log-opts: is not an object", ""},
		{`{"default-shm-size":67108864}`, "d.default-shm-size: is a number", "quotes"},
		{`{"default-shm-size":"64 apples"}`, "is not a string such as", ""},
		{`{"default-ulimits":{"nofile":{"Hard":1,"Soft":1}}}`, "d.default-ulimits.nofile: is incomplete", "add Name"},
		{`{"default-ulimits":{"nofile":"1024"}}`, "d.default-ulimits.nofile: is not an object", ""},
		{`{"default-address-pools":{"base":"10.0.0.0/8"}}`, "is not a list of objects", ""},
		{`{"default-address-pools":[{"base":"x","size":24}]}`, "d.default-address-pools[0].base: is not a string such as", ""},
		{`{"runtimes":{"x":{"pth":"/x"}}}`, "d.runtimes.x.pth: is not known here", "path"},
		{`{"runtimes":{"x":{"Path":"/x","runtimeType":"io.containerd.runc.v2"}}}`, "d.runtimes.x: has both a path and a runtimeType", "leave one"},
		{`{"runtimes":{"runc":{"path":"/usr/bin/runc"}}}`, "d.runtimes: names the runtime runc, which is the engine's own", "another name"},
		{`{"runtimes":{"x":{"path":"","runtimeArgs":["-v"]}}}`, "d.runtimes.x: has neither a path nor a runtimeType", "add one"},
		{`{"default-address-pools":[{"base":"172.30.0.0/24","size":16}]}`, "d.default-address-pools[0]: has networks that are larger than its base", "prefix"},
		{`{"default-address-pools":[{"base":"0.0.0.0/0","Size":0}]}`, "d.default-address-pools[0]: has a size of 0", "prefix"},
		{`{"exec-opts":["a=b","native.cgroupdriver=foo"]}`, "d.exec-opts[1]: names a cgroup driver that is neither", "systemd"},
		{`{"exec-opts":["native.cgroupdriver=none"]}`, "d.exec-opts[0]: names a cgroup driver that is neither", "systemd"},
		{`{"insecure-registries":["r.example.com/x"]}`, "d.insecure-registries[0]: is not a host, a host with its port", "write a host"},
		{`{"insecure-registries":["svn://r"]}`, "d.insecure-registries[0]: is not a host", "write a host"},
		{`{"insecure-registries":["http://r/x"]}`, "d.insecure-registries[0]: is not a host", "write a host"},
		{`{"insecure-registries":["r-.example.com"]}`, "d.insecure-registries[0]: is not a host", "write a host"},
		{`{"insecure-registries":["r:500000"]}`, "d.insecure-registries[0]: is not a host", "write a host"},
		{`{"insecure-registries":[""]}`, "d.insecure-registries[0]: is not a host", "write a host"},
		{`{"insecure-registries":[5000]}`, "d.insecure-registries[0]: is not a host", "write a host"},
		{`{"proxies":{"http":"x"}}`, "d.proxies.http: is not known here", "http-proxy"},
		{`{"features":{"a":"yes"}}`, "d.features.a: is not true or false", ""},
		{`{"bip":"172.26.0.1"}`, `d.bip: is not a string such as "10.10.0.0/16"`, "write a string such as"},
		{`{"builder":true}`, "d.builder: is not an object", ""},
		{`{"registry-mirrors":["https://u:p@m"]}`, "d.registry-mirrors[0]: has a user or password", ""},
		{`{"registry-mirrors":["https://m?x=1"]}`, "has a query", ""},
		{`{"log-level":"loud"}`, "d.log-level: is none of", "use one"},
		{`{"log-level":"warning"}`, "d.log-level: is none of", "use one"},
		{`{"log-format":"JSON"}`, "d.log-format: is none of", "use one"},
		{`{"default-shm-size":""}`, "d.default-shm-size: is not a string such as", ""},
		{`{"dns":[""]}`, "d.dns[0]: is not a string with an IP address", ""},
		{`{"default-address-pools":[{"base":"","size":24}]}`, "d.default-address-pools[0].base: is not a string such as", ""},
		{`{"mtu":""}`, "d.mtu: is not a whole number", ""},
		{`{"default-network-opts":{"bridge":{"mtu":1}}}`, "d.default-network-opts.bridge.mtu: is a number", "quotes"},
		{`{"default-network-opts":{"bridge":{"com.docker.network.driver.mtu":1400}}}`, `d.default-network-opts.bridge["com.docker.network.driver.mtu"]: is a number`, "quotes"},
		{`{"":1}`, `d[""]: is not a key`, "leave it out"},
		{`{"a b.c":1}`, `d["a b.c"]: is not a key`, "leave it out"},
	}
	for _, test := range tests {
		faults := CheckDaemon(object(t, test.text), "d")
		if len(faults) != 1 {
			t.Errorf("%s: %d faults: %v", test.text, len(faults), faults)
			continue
		}
		if got := faults[0]; !strings.Contains(got.Error(), test.fault) || !strings.Contains(got.Hint, test.hint) {
			t.Errorf("%s\ngot  %s (%s)\nwant %s (%s)", test.text, got, got.Hint, test.fault, test.hint)
		}
	}
}

func TestCheckDaemonTellsAllFaultsInOrder(t *testing.T) {
	faults := CheckDaemon(object(t, `{"zzz":1,"mtu":"x","hosts":[],"log-opts":{"b":1,"a":2}}`), "d")
	var places []string
	for _, f := range faults {
		places = append(places, f.Place)
	}
	if got := strings.Join(places, " "); got != "d.hosts d.log-opts.a d.log-opts.b d.mtu d.zzz" {
		t.Error(got)
	}
}

// What is no string has no label's name either, and no value that could differ from another one's.
func TestLabelsThatAreNoStrings(t *testing.T) {
	for _, labels := range []string{`[{"a":"b"},{"c":"d"}]`, `[["a"],["b"]]`, `[7,8]`, `[true,{"a":"b"},"a=1"]`} {
		faults := CheckDaemon(object(t, `{"labels":`+labels+`}`), "d")
		if len(faults) != 2 {
			t.Errorf("%s: %d faults: %v", labels, len(faults), faults)
			continue
		}
		for i, found := range faults {
			if want := fmt.Sprintf(`d.labels[%d]: is not a string such as "key=value"`, i); found.Error() != want {
				t.Errorf("%s: got %s, want %s", labels, found, want)
			}
		}
	}
}

func TestUnion(t *testing.T) {
	const place = "publicSettings.docker.daemon"
	options := object(t, `{"debug":true,"labels":["a=1"],"log-opts":{"a":"1","b":"2","c":"3"},"mtu":1400}`)
	daemon := object(t, `{"debug":false,"labels":["a=1"],"log-opts":{"b":"2","c":"4","d":"5"},"mtu":1401,"dns":["1.1.1.1"]}`)
	all, faults := Union(options, daemon, place)
	var places []string
	for _, f := range faults {
		places = append(places, strings.TrimPrefix(f.Place, place))
	}
	if got := strings.Join(places, " "); got != ".debug .log-opts.c .mtu" {
		t.Errorf("faults %v", faults)
	}
	const want = `{"debug":false,"dns":["1.1.1.1"],"labels":["a=1"],"log-opts":{"a":"1","b":"2","c":"4","d":"5"},"mtu":1401}`
	if got := string(marshal(all)); got != want {
		t.Errorf("got %s", got)
	}
	const mtu = `{"default-network-opts":{"bridge":{"com.docker.network.driver.mtu":"140`
	if _, faults := Union(object(t, mtu+`0"}}}`), object(t, mtu+`1"}}}`), place); len(faults) != 1 ||
		faults[0].Place != place+`.default-network-opts.bridge["com.docker.network.driver.mtu"]` {
		t.Errorf("a dotted name: %v", faults)
	}
	if _, faults := Union(object(t, `{"bip":"10.1.0.1/24"}`), object(t, `{"bip":""}`), place); len(faults) != 1 {
		t.Errorf("an empty string is no other value: %v", faults)
	}
	if all, faults := Union(nil, nil, place); len(all)+len(faults) > 0 || all == nil {
		t.Errorf("of nothing: %v, %v", all, faults)
	}
}
