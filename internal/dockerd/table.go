package dockerd

import "slices"

// Flag is one flag of dockerd and the key of daemon.json that says the same.
type Flag struct {
	Long  string // name without dashes
	Short string // one letter without dash, or empty
	Key   string // key of daemon.json, or empty where the file has none
	Kind  Kind   // type of the value
	Since string // first release with it; empty for 20.10 and before
	// Removed is the release that dropped it, or empty; Refused says why the extension does not
	// take it, or is empty. Instead is the cure for both, as a hint.
	Removed, Refused, Instead string
}

const (
	hintCerts = "leave it out: docker.port with certs.ca, certs.cert and certs.key in the protected settings sets up TLS"
	hintPlain = "leave it out; a port without TLS is docker.port with docker.tls set to false"
	hintUnit  = "leave it out: the packaged docker.service takes care of it"
	hintVerb  = "leave it out: docker.options is for flags that configure the engine"
	hintSwarm = "leave it out and use swarm mode (`docker swarm init`)"
	hintProxy = "leave it out, and put a reverse proxy in front of the API if a browser needs it"

	refusedCerts = "belongs to the extension, which writes the certificates from the protected settings"
	refusedUnit  = "is already given by the packaged docker.service, and dockerd does not start if both say it"
	refusedVerb  = "does not configure the engine"
	refusedPort  = "belongs to the extension"
	// dockerd reads --containerd-plugins-namespace but "containerd-plugin-namespace", and so knows
	// the one as a flag without a field and the other as a field without a flag.
	refusedNoKey = "works on the command line only: no key of daemon.json says it"
)

// Flags gives every flag that dockerd has or had and that people still use, sorted by name.
//
// Sources: see the package comment. Hidden flags are included. A Since of plain "29" stands for a
// minor release of 29 that the sources do not name.
func Flags() []Flag {
	return slices.Concat(flagsAtoG(), flagsHtoM(), flagsNtoZ())
}

func flagsAtoG() []Flag {
	return []Flag{
		{Long: "add-runtime", Key: "runtimes", Kind: Runtimes},
		{Long: "allow-direct-routing", Key: "allow-direct-routing", Kind: Bool, Since: "28.2"},
		// No effect from 28 on, and 29 has the key without the flag.
		{Long: "allow-nondistributable-artifacts", Key: "allow-nondistributable-artifacts", Kind: Texts},
		{Long: "api-cors-header", Key: "api-cors-header", Kind: Text, Removed: "28.0", Instead: hintProxy},
		{Long: "api-enable-cors", Kind: Bool, Removed: "17.09", Instead: hintProxy},
		{Long: "apparmor-profile", Key: "apparmor-profile", Kind: Text, Since: "29"},
		{Long: "authorization-plugin", Key: "authorization-plugins", Kind: Texts},
		{Long: "bip", Key: "bip", Kind: subnet},
		{Long: "bip6", Key: "bip6", Kind: subnet, Since: "28.0"},
		{Long: "bridge", Short: "b", Key: "bridge", Kind: Text},
		{Long: "bridge-accept-fwmark", Key: "bridge-accept-fwmark", Kind: Text, Since: "29.0"},
		{Long: "cdi-spec-dir", Key: "cdi-spec-dirs", Kind: Texts, Since: "25.0"},
		{Long: "cgroup-parent", Key: "cgroup-parent", Kind: Text},
		{Long: "cluster-advertise", Key: "cluster-advertise", Kind: Text, Removed: "23.0", Instead: hintSwarm},
		{Long: "cluster-store", Key: "cluster-store", Kind: Text, Removed: "23.0", Instead: hintSwarm},
		{Long: "cluster-store-opt", Key: "cluster-store-opts", Kind: Pairs, Removed: "23.0", Instead: hintSwarm},
		{Long: "config-file", Kind: Text, Refused: "belongs to the extension, which writes /etc/docker/daemon.json",
			Instead: "leave it out and put the file's keys in docker.daemon"},
		{Long: "containerd", Key: "containerd", Kind: Text, Refused: refusedUnit, Instead: hintUnit},
		{Long: "containerd-namespace", Key: "containerd-namespace", Kind: Text},
		{Long: "containerd-plugins-namespace", Kind: Text, Refused: refusedNoKey, Instead: "leave it out"},
		{Long: "cpu-rt-period", Key: "cpu-rt-period", Kind: Int},
		{Long: "cpu-rt-runtime", Key: "cpu-rt-runtime", Kind: Int},
		{Long: "cri-containerd", Key: "cri-containerd", Kind: Bool},
		{Long: "daemon", Short: "d", Kind: Bool, Removed: "1.10", Instead: "leave it out: the engine always runs as a daemon"},
		{Long: "data-root", Key: "data-root", Kind: Text},
		{Long: "debug", Short: "D", Key: "debug", Kind: Bool},
		{Long: "default-address-pool", Key: "default-address-pools", Kind: Pools},
		{Long: "default-cgroupns-mode", Key: "default-cgroupns-mode", Kind: Text},
		{Long: "default-gateway", Key: "default-gateway", Kind: IP},
		{Long: "default-gateway-v6", Key: "default-gateway-v6", Kind: IP},
		{Long: "default-ipc-mode", Key: "default-ipc-mode", Kind: Text},
		{Long: "default-network-opt", Key: "default-network-opts", Kind: NestedPairs, Since: "24.0"},
		{Long: "default-runtime", Key: "default-runtime", Kind: Text},
		{Long: "default-shm-size", Key: "default-shm-size", Kind: Size},
		{Long: "default-stop-timeout", Key: "default-stop-timeout", Kind: Count, Since: "29.7"},
		{Long: "default-ulimit", Key: "default-ulimits", Kind: Ulimits},
		{Long: "disable-legacy-registry", Key: "disable-legacy-registry", Kind: Bool, Removed: "19.03",
			Instead: "leave it out: no engine speaks to version 1 registries any more"},
		{Long: "dns", Key: "dns", Kind: IPs},
		{Long: "dns-opt", Key: "dns-opts", Kind: Texts},
		{Long: "dns-search", Key: "dns-search", Kind: Texts},
		{Long: "exec-opt", Key: "exec-opts", Kind: Texts},
		{Long: "exec-root", Key: "exec-root", Kind: Text},
		{Long: "experimental", Key: "experimental", Kind: Bool},
		{Long: "extension-dir", Key: "extension-dirs", Kind: Texts, Since: "29"},
		{Long: "feature", Key: "features", Kind: Switches, Since: "27.3"},
		{Long: "firewall-backend", Key: "firewall-backend", Kind: Text, Since: "29.0"},
		{Long: "fixed-cidr", Key: "fixed-cidr", Kind: subnet},
		{Long: "fixed-cidr-v6", Key: "fixed-cidr-v6", Kind: subnet},
		{Long: "graph", Short: "g", Key: "graph", Kind: Text, Removed: "23.0", Instead: "use data-root instead"},
		{Long: "group", Short: "G", Key: "group", Kind: Text},
	}
}

func flagsHtoM() []Flag {
	return []Flag{
		{Long: "help", Kind: Bool, Refused: refusedVerb, Instead: hintVerb},
		// Listeners decides about the flag, refusedInFile about the key.
		{Long: "host", Short: "H", Key: "hosts", Kind: Texts, Instead: "leave it out: docker.port opens the remote API"},
		// The key is the old, single one, which 28 and 29 still take: it is right for every release.
		{Long: "host-gateway-ip", Key: "host-gateway-ip", Kind: IP},
		{Long: "http-proxy", Key: "proxies", Kind: Proxies, Since: "23.0"},
		{Long: "https-proxy", Key: "proxies", Kind: Proxies, Since: "23.0"},
		{Long: "icc", Key: "icc", Kind: Bool},
		{Long: "init", Key: "init", Kind: Bool},
		{Long: "init-path", Key: "init-path", Kind: Text},
		{Long: "insecure-registry", Key: "insecure-registries", Kind: Registries},
		{Long: "ip", Key: "ip", Kind: IP},
		{Long: "ip-forward", Key: "ip-forward", Kind: Bool},
		{Long: "ip-forward-no-drop", Key: "ip-forward-no-drop", Kind: Bool, Since: "28.0"},
		{Long: "ip-masq", Key: "ip-masq", Kind: Bool},
		{Long: "ip6tables", Key: "ip6tables", Kind: Bool},
		{Long: "iptables", Key: "iptables", Kind: Bool},
		{Long: "ipv6", Key: "ipv6", Kind: Bool},
		{Long: "label", Key: "labels", Kind: Labels},
		{Long: "live-restore", Key: "live-restore", Kind: Bool},
		{Long: "log-driver", Key: "log-driver", Kind: Text},
		{Long: "log-format", Key: "log-format", Kind: Text, Since: "25.0"},
		{Long: "log-level", Short: "l", Key: "log-level", Kind: Text},
		{Long: "log-opt", Key: "log-opts", Kind: Pairs},
		{Long: "max-concurrent-downloads", Key: "max-concurrent-downloads", Kind: Count},
		{Long: "max-concurrent-uploads", Key: "max-concurrent-uploads", Kind: Count},
		{Long: "max-download-attempts", Key: "max-download-attempts", Kind: Count},
		{Long: "metrics-addr", Key: "metrics-addr", Kind: Text},
		{Long: "mtu", Key: "mtu", Kind: Count},
	}
}

func flagsNtoZ() []Flag {
	return []Flag{
		{Long: "network-control-plane-mtu", Key: "network-control-plane-mtu", Kind: Count},
		{Long: "network-diagnostic-port", Key: "network-diagnostic-port", Kind: Count},
		{Long: "no-new-privileges", Key: "no-new-privileges", Kind: Bool},
		{Long: "no-proxy", Key: "proxies", Kind: Proxies, Since: "23.0"},
		{Long: "node-generic-resource", Key: "node-generic-resources", Kind: Texts},
		{Long: "nri-opts", Key: "nri-opts", Kind: Interface, Since: "29"},
		{Long: "oom-score-adjust", Key: "oom-score-adjust", Kind: Int, Removed: "25.0",
			Instead: "leave it out; a drop-in of docker.service with OOMScoreAdjust= does it"},
		{Long: "pidfile", Short: "p", Key: "pidfile", Kind: Text, Refused: "belongs to the packaged docker.service", Instead: hintUnit},
		{Long: "raw-logs", Key: "raw-logs", Kind: Bool},
		{Long: "registry-mirror", Key: "registry-mirrors", Kind: Mirrors},
		{Long: "restart", Short: "r", Kind: Bool, Refused: "gave way to restart policies, and no key of daemon.json says it",
			Instead: "leave it out and give the containers a restart policy"},
		{Long: "rootless", Key: "rootless", Kind: Bool, Refused: "needs an engine that is set up to run without root, and the packaged one is not",
			Instead: "leave it out"},
		{Long: "seccomp-profile", Key: "seccomp-profile", Kind: Text},
		{Long: "selinux-enabled", Key: "selinux-enabled", Kind: Bool},
		{Long: "shutdown-timeout", Key: "shutdown-timeout", Kind: Int},
		{Long: "storage-driver", Short: "s", Key: "storage-driver", Kind: Text},
		{Long: "storage-opt", Key: "storage-opts", Kind: Texts},
		{Long: "swarm-default-advertise-addr", Key: "swarm-default-advertise-addr", Kind: Text},
		{Long: "tls", Key: "tls", Kind: Bool, Refused: refusedPort, Instead: hintPlain},
		{Long: "tlscacert", Key: "tlscacert", Kind: Text, Refused: refusedCerts, Instead: hintCerts},
		{Long: "tlscert", Key: "tlscert", Kind: Text, Refused: refusedCerts, Instead: hintCerts},
		{Long: "tlskey", Key: "tlskey", Kind: Text, Refused: refusedCerts, Instead: hintCerts},
		{Long: "tlsverify", Key: "tlsverify", Kind: Bool, Refused: refusedPort, Instead: hintPlain},
		{Long: "userland-proxy", Key: "userland-proxy", Kind: Bool},
		{Long: "userland-proxy-path", Key: "userland-proxy-path", Kind: Text},
		{Long: "userns-remap", Key: "userns-remap", Kind: Text},
		{Long: "validate", Kind: Bool, Since: "23.0", Refused: refusedVerb, Instead: hintVerb},
		{Long: "version", Short: "v", Kind: Bool, Refused: refusedVerb, Instead: hintVerb},
	}
}
