package settings

import (
	"strings"
	"testing"

	"docker-extension/internal/fault"
)

// Each line is what a person reads: where, what, and in brackets what to do.
func TestParseFaults(t *testing.T) {
	const twoWays = " (send ca, cert and key as certs in the protected settings, or set docker.tls to false, which lets anyone who reaches the port be root on this VM)"
	tests := []struct {
		name              string
		public, protected string
		want              []string
	}{
		{"not JSON", "{\n  \"docker\": {]\n}", "", []string{
			`publicSettings: is not JSON from line 2, column 14: invalid character ']' looking for beginning of object key string (check the settings with a JSON parser such as jq and send them again)`}},
		{"not JSON, and secret", "", `{"environment": {"A": "hush"} "hush"}`, []string{
			`protectedSettings: is not JSON from line 1, column 31 (check the settings with a JSON parser such as jq and send them again; if they are right, they were damaged on their way)`}},
		{"JSON that ends early", `{"docker": {`, "", []string{
			`publicSettings: is not JSON from line 1, column 12: unexpected end of JSON input (check the settings with a JSON parser such as jq and send them again)`}},
		{"not objects", `[1]`, `"hush"`, []string{
			`publicSettings: is not an object (send the settings as a JSON object, {} if there are none)`,
			`protectedSettings: is not an object (send the settings as a JSON object, {} if there are none)`}},
		{"keys twice", `{"docker": {"port": 1, "port": 2, "tls": false}}`, `{"environment": {"A": "hush", "A": "hush"}}`, []string{
			`publicSettings.docker.port: is there twice (remove all but one of them)`,
			`protectedSettings.environment.A: is there twice (remove all but one of them)`}},
		{"a number that fills the memory", `{"docker": {"port": 1e999999999}}`, "", []string{
			`publicSettings.docker.port: is too large a number (use a smaller number)`}},

		{"a slip", `{"dokcer": {}}`, "", []string{
			`publicSettings.dokcer: is not a known key (use docker, the nearest known key, or remove it)`}},
		{"a slip in docker", `{"docker": {"prot": 2376, "Options": []}}`, "", []string{
			`publicSettings.docker.prot: is not a known key (use port, the nearest known key, or remove it)`,
			`publicSettings.docker.Options: is not a known key (use options, the nearest known key, or remove it)`}},
		{"nothing near", `{"uninstall": {"everything": true}}`, "", []string{
			`publicSettings.uninstall.everything: is not a known key (use one of purgeData, or remove the key)`}},
		{"a key at the wrong level", `{"port": 2376}`, "", []string{
			`publicSettings.port: is not a known key at this place (move it to publicSettings.docker.port)`}},
		{"secrets in public", `{"certs": {"ca": "hush"}, "login": {"password": "hush"}, "environment": {}, "server-key": "hush", "docker": {"key": "hush"}}`, "", []string{
			`publicSettings.certs: is a secret, and public settings can be read by others (move it to protectedSettings.certs, which travels encrypted, and replace it, since others may have read it)`,
			`publicSettings.login: is a secret, and public settings can be read by others (move it to protectedSettings.login, which travels encrypted, and replace it, since others may have read it)`,
			`publicSettings.environment: is a secret, and public settings can be read by others (move it to protectedSettings.environment, which travels encrypted, and replace it, since others may have read it)`,
			`publicSettings.server-key: is a secret, and public settings can be read by others (move it to protectedSettings.server-key, which travels encrypted, and replace it, since others may have read it)`,
			`publicSettings.docker.key: is a secret, and public settings can be read by others (move it to protectedSettings.certs.key, which travels encrypted, and replace it, since others may have read it)`}},
		{"public keys in protected", "", `{"docker": {"port": 1}, "dockerport": 1}`, []string{
			`protectedSettings.docker: does not belong in the protected settings (move it to publicSettings.docker)`,
			`protectedSettings.dockerport: does not belong in the protected settings (move it to publicSettings.dockerport)`}},
		{"certificates beside certs", "", `{"cert": "hush", "key": "hush"}`, []string{
			`protectedSettings.cert: is not a known key at this place (move it to protectedSettings.certs.cert)`,
			`protectedSettings.key: is not a known key at this place (move it to protectedSettings.certs.key)`}},
		{"PEM as a key", "", `{"-----BEGIN PRIVATE KEY-----hush": 1}`, []string{
			`protectedSettings[a key of 31 bytes]: is not a known key (use one of certs, environment, login, or remove the key)`}},
		{"reserved", `{"swarm": {"x": 1}, "monitor": true}`, `{"swarm": {}, "certs": {"files": "hush"}}`, []string{
			`publicSettings.swarm: is reserved for a later version (remove the key)`,
			`publicSettings.monitor: is reserved for a later version (remove the key)`,
			`protectedSettings.swarm: is reserved for a later version (remove the key)`,
			`protectedSettings.certs.files: is reserved for a later version (remove the key)`}},

		{"port 0", `{"docker": {"port": 0}}`, "", []string{
			`publicSettings.docker.port: 0 is not a port (use a whole number from 1 to 65535; 2376 is the usual one)`}},
		{"port 70000", `{"docker": {"port": "70000"}}`, "", []string{
			`publicSettings.docker.port: "70000" is not a port (use a whole number from 1 to 65535; 2376 is the usual one)`}},
		{"port abc, in 2014", `{"dockerport": "abc"}`, "", []string{
			`publicSettings.dockerport: "abc" is not a port (use a whole number from 1 to 65535; 2376 is the usual one)`}},
		{"port 2376.5", `{"docker": {"port": 2376.5}}`, "", []string{
			`publicSettings.docker.port: 2376.5 is not a port (use a whole number from 1 to 65535; 2376 is the usual one)`}},
		{"port without certificates", `{"docker": {"port": "2375"}}`, "", []string{
			`publicSettings.docker.port: needs certificates: 2375 would be open to everyone` + twoWays}},
		{"port of 2014 without certificates", `{"dockerport": "4243"}`, `{}`, []string{
			`publicSettings.dockerport: needs certificates: 4243 would be open to everyone` + twoWays}},
		{"port and half the certificates", `{"docker": {"port": 2376}}`, `{"certs": {"ca": "%"}}`, []string{
			`protectedSettings.certs: has ca, but lacks cert and key (send all three of ca, cert and key, or none of them)`,
			`protectedSettings.certs.ca: is neither PEM nor base64 of PEM (send the content of the PEM file, or its base64: base64 -w0 FILE)`}},
		{"port and certificates in public", `{"docker": {"port": 2376}, "certs": {}}`, "", []string{
			`publicSettings.certs: is a secret, and public settings can be read by others (move it to protectedSettings.certs, which travels encrypted, and replace it, since others may have read it)`}},
		{"host without certificates", `{"docker": {"options": ["-D", "-H", "tcp://0.0.0.0:2375"]}}`, "", []string{
			`publicSettings.docker.options[1]: needs certificates: 0.0.0.0:2375 would be open to everyone` + twoWays}},
		{"loopback without certificates", `{"docker": {"options": ["-H tcp://127.0.0.1:2375"]}}`, "", []string{
			`publicSettings.docker.options[0]: needs certificates: 127.0.0.1:2375 would be open to every account and program on this VM` + twoWays}},
		{"two opinions on the port", `{"docker": {"port": 2376, "tls": false, "options": ["-H=tcp://0.0.0.0:2375", "-H=tcp://10.0.0.4:2376"]}}`, "", []string{
			`publicSettings.docker.options[0]: --host opens port 2375, but publicSettings.docker.port says 2376 (say it in one of the two places)`}},
		{"host by name", `{"dockerport": "2376", "docker": {"options": ["-H=tcp://vm:2376"]}}`, `{}`, []string{
			`publicSettings.dockerport: needs certificates: 2376 would be open to everyone` + twoWays,
			`publicSettings.docker.options[0]: --host names a host or an interface by something other than its IP address (write an IP address and a port, like --host=tcp://0.0.0.0:2376)`}},
		{"host by name alone", `{"docker": {"options": ["-H=tcp://vm:2376"]}}`, `{}`, []string{
			`publicSettings.docker.options[0]: --host names a host or an interface by something other than its IP address (write an IP address and a port, like --host=tcp://0.0.0.0:2376)`}},
		{"old and new", `{"docker": {"port": 1, "tls": false}, "dockerport": 1, "compose": {"services": {}}, "composeup": {"a": {}}}`, "", []string{
			`publicSettings.dockerport: is the key of 2014 for publicSettings.docker.port, and both are there (remove dockerport)`,
			`publicSettings.composeup: is the key of 2014 for publicSettings.compose, and both are there (remove composeup)`}},

		{"keys that no engine starts with", `{"docker": {"options": ["--bridge=br0 --bip=10.1.0.1/24", "--icc=false"], "daemon": {"iptables": false, "icc": false}}}`, "", []string{
			`publicSettings.docker.options: bip cannot stand beside bridge (leave one of the two out: bip and bip6 are about docker0, the engine's own bridge)`,
			`publicSettings.docker.daemon.icc: is false, for which the engine needs iptables, and that is false too (set one of the two to true)`}},

		{"wrong shapes", `{"docker": {"tls": "no", "options": "-D --dns=8.8.8.8", "daemon": [], "hold": 1, "users": "anna", "version": 26.1, "proxy": "http://u:hush@p"},
			"compose": "services: {}", "compose-environment": {"A": 1, "B=C": "x"}, "azure-environment": "AzureGermanCloud", "version": "26.1"}`, "", []string{
			`publicSettings.docker.tls: "no" is neither true nor false (write true or false)`,
			`publicSettings.docker.options: "-D --dns=8.8.8.8" is not a list of strings (write it like ["-D", "--dns=8.8.8.8", "--label", "foo=bar"])`,
			`publicSettings.docker.daemon: is not an object (write it as you would write daemon.json, like {"log-opts": {"max-size": "10m"}})`,
			`publicSettings.docker.hold: 1 is neither true nor false (write true or false)`,
			`publicSettings.docker.users: "anna" is not a list of account names (write it like ["azureuser"], or [] for nobody)`,
			`publicSettings.docker.version: 26.1 is not a version of a package (write a version or its beginning as a string, like "26.1", or leave it out for the newest)`,
			`publicSettings.docker.proxy: is not an object (write it like {"http": "http://proxy.example.com:3128"})`,
			`publicSettings.compose: "services: {}" is not an object (write the compose file as JSON, like {"services": {"web": {"image": "nginx"}}})`,
			`publicSettings.compose-environment.A: 1 is not a string (put the value in quotes)`,
			`publicSettings.compose-environment["B=C"]: cannot be the name of a variable (use letters, digits and underscores)`,
			`publicSettings.azure-environment: "AzureGermanCloud" is not a cloud that this extension knows (use AzureCloud, AzureChinaCloud or AzureUSGovernment)`,
			`publicSettings.version: "26.1" is not a key for the version of the engine (use docker.version)`}},
		{"wrong items", `{"docker": {"options": ["-D", 1, ""], "users": ["a b"], "proxy": {"http": "hush@p:1"}, "source": {"url": "m.example.com", "packages": []}}}`, "", []string{
			`publicSettings.docker.options[1]: 1 is not a flag or its value: a string of one line (write each flag as a string of its own, like "--dns=8.8.8.8")`,
			`publicSettings.docker.options[2]: "" is not a flag or its value: a string of one line (write each flag as a string of its own, like "--dns=8.8.8.8")`,
			`publicSettings.docker.users[0]: "a b" is not the name of an account (use a name as in /etc/passwd)`,
			`publicSettings.docker.proxy.http: is not the address of a proxy (use an address like "http://proxy.example.com:3128")`,
			`publicSettings.docker.source: lacks suite (use "distro", "docker", or an object with url, suite, component, key, fingerprint and packages)`,
			`publicSettings.docker.source.url: "m.example.com" is not the address of a repository (use an address that begins with https://, http:// or file://)`,
			`publicSettings.docker.source.packages: is not a list of package names (write it like ["docker-ce", "docker-ce-cli", "containerd.io"], or leave it out for Docker's own packages)`}},
		{"wrong compose files", `{"compose": {"services": {"web": {"image": "w", "env_file": "/etc/shadow"}, "db": {}}},
			"compose-environment": {"COMPOSE_PROJECT_NAME": "My Shop", "DOCKER_HOST": "tcp://x"}}`, `{"environment": {"COMPOSE_PROJECT_NAME": "hush", "LD_PRELOAD": "hush"}}`, []string{
			`publicSettings.compose.services.web.env_file: lies outside of /etc/docker/compose (put the file into /etc/docker/compose and name it from there, or pass its content in the settings)`,
			`publicSettings.compose.services.db: has neither image nor build (name its image)`,
			`publicSettings.compose-environment.COMPOSE_PROJECT_NAME: is not the name of a project (use up to 63 small letters, digits, dashes and underscores, a letter or digit first)`,
			`publicSettings.compose-environment.DOCKER_HOST: is a variable that compose itself goes by (set it in the service itself, like "environment": {"NAME": "value"}, if a container needs it)`,
			`protectedSettings.environment.COMPOSE_PROJECT_NAME: is no secret: every container of the project shows it (move it to publicSettings.compose-environment)`,
			`protectedSettings.environment.LD_PRELOAD: is a variable that compose itself goes by (set it in the service itself, like "environment": {"NAME": "value"}, if a container needs it)`}},
		{"a compose file of 2014", `{"composeup": {"web": {"build": ".", "dockerfile": "../D"}}}`, "", []string{
			`publicSettings.composeup.web.build.dockerfile: lies outside of /etc/docker/compose (put the file into /etc/docker/compose and name it from there, or pass its content in the settings)`}},
		{"two accounts at one registry", "", `{"login": [{"username": "u", "password": "p"}, {"server": "Docker.io", "username": "v", "password": "q"}, {"server": "https://", "username": "v", "password": "q"}]}`, []string{
			`protectedSettings.login: has a server without a name (use a name like "registry.example.com:5000", or leave server out for Docker Hub)`,
			`protectedSettings.login[1].server: is the registry of protectedSettings.login[0] too, and docker keeps one account for each (keep one of the two)`}},
		{"a source and a key with passwords", `{"docker": {"source": {"url": "https://u:hush@m.example.com", "suite": "s", "key": "https://u:hush@m.example.com/k"}}}`, "", []string{
			`publicSettings.docker.source.url: has a user or a password in it, which everybody on the VM could read (put user and password into a file in /etc/apt/auth.conf.d on the VM, as apt_auth.conf(5) says)`,
			`publicSettings.docker.source.key: has a user or a password in it, which others can read (send the key itself, armoured, in place of its address)`}},
		{"a key that anybody could replace", `{"docker": {"source": {"url": "https://m.example.com", "suite": "s", "key": "http://m.example.com/k"}}}`, "", []string{
			`publicSettings.docker.source.key: could be replaced on its way: it comes by http (use https, or add fingerprint with the fingerprint of the key)`}},
		{"a fingerprint of nothing", `{"docker": {"source": {"url": "https://m.example.com", "suite": "s", "fingerprint": "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"}}}`, "", []string{
			`publicSettings.docker.source.fingerprint: is there without a key (add key with its address or its text, or remove the fingerprint)`}},
		{"a short fingerprint", `{"docker": {"source": {"url": "https://m.example.com", "suite": "s", "key": "https://m.example.com/k", "fingerprint": "0EBFCD88"}}}`, "", []string{
			`publicSettings.docker.source.fingerprint: "0EBFCD88" is not the fingerprint of a key (use the 40 or 64 hexadecimal digits that gpg --show-keys prints)`}},
		{"a key that is none", `{"docker": {"source": {"url": "https://m.example.com", "suite": "s", "key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----"}}}`, "", []string{
			`publicSettings.docker.source.key: holds no OpenPGP key that can be read (send the key that gpg --armor --export prints, and look at it with gpg --show-keys)`}},
		{"two proxies", `{"docker": {"proxy": {"http": "http://u:hush@p:1"}, "options": ["--http-proxy=http://u:hush@q:1"]}}`, "", []string{
			`publicSettings.docker.proxy: and the engine's own proxies, in docker.options or docker.daemon, are both there (say it in one of the two places; docker.proxy is used for the packages as well)`}},
		{"wrong logins", "", `{"login": [{"username": ""}, 3, {"username": "u", "password": "p", "user": "hush"}], "environment": {"A": 4711}, "certs": {"ca": 1}}`, []string{
			`protectedSettings.login[0]: lacks password (send an object with username and password, and server unless it is Docker Hub)`,
			`protectedSettings.login[0].username: is not a user name (use a string of one line without a colon)`,
			`protectedSettings.login[1]: is not an account (send an object with username and password, and server unless it is Docker Hub)`,
			`protectedSettings.login[2].user: is not a known key (use one of password, server, username, or remove the key)`,
			`protectedSettings.environment.A: is not a string (put the value in quotes)`,
			`protectedSettings.certs.ca: is not a string (send PEM, or base64 of PEM, as a string)`}},
		{"passwords that are none", "", `{"login": [{"username": "u", "password": ""}, {"username": "u", "password": "\r\n"}, {"username": "u", "password": "hu\u0000sh"}]}`, []string{
			`protectedSettings.login[0].password: is not a password (send the password or token as a string)`,
			`protectedSettings.login[1].password: is not a password (send the password or token as a string)`,
			`protectedSettings.login[2].password: is not a password (send the password or token as a string)`}},
		{"both sections at once", `{"docker": {"port": 2376, "users": [1]}, "x": 1}`, `{"x": "hush"}`, []string{
			`publicSettings.docker.port: needs certificates: 2376 would be open to everyone` + twoWays,
			`publicSettings.docker.users[0]: 1 is not the name of an account (use a name as in /etc/passwd)`,
			`publicSettings.x: is not a known key (use one of azure-environment, compose, compose-environment, docker, uninstall, or remove the key)`,
			`protectedSettings.x: is not a known key (use one of certs, environment, login, or remove the key)`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(test.public), []byte(test.protected), Options{Now: now})
			compareFaults(t, err, test.want)
		})
	}
}

// compareFaults compares every fault with what a person should read.
func compareFaults(t *testing.T, err error, want []string) {
	t.Helper()
	var got []string
	for _, f := range fault.Faults(err) {
		if f.Code != fault.SettingsInvalid || f.Hint == "" {
			t.Errorf("code %d, hint %q: %v", f.Code, f.Hint, f)
		}
		got = append(got, fault.Sentence(f, 0))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("\n got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if strings.Contains(strings.Join(got, "\n"), "hush") {
		t.Error("a secret is shown")
	}
}

// What is right is given even if something else is wrong, so that other rooms can look for more.
func TestParseGivesTheRest(t *testing.T) {
	got, err := Parse([]byte(`{"docker": {"port": "2375", "options": ["--cluster-store=consul://10.0.0.4:8500"]}, "x": 1}`), nil, Options{Now: now})
	if len(fault.Faults(err)) != 3 || len(got.Docker.Options) != 1 || got.Docker.Port != 2375 {
		t.Errorf("Parse = %+v, %v", got.Docker, err)
	}
}
