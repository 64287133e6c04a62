package settings

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/project"
	"docker-extension/internal/registry"
	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

// nothing is what no settings at all mean.
func nothing() Settings {
	return Settings{
		Docker: Docker{TLS: true, Source: Source{Kind: SourceDistro}},
		Cloud:  AzureCloud, ProjectName: "compose",
	}
}

func with(change func(*Settings)) Settings {
	s := nothing()
	change(&s)
	return s
}

func TestParse(t *testing.T) {
	raw := func(text string) json.RawMessage { return json.RawMessage(text) }
	tests := []struct {
		name              string
		public, protected string
		want              Settings
	}{
		{"zero bytes", "", "", nothing()},
		{"nulls", "null", "null", nothing()},
		{"empty objects", "{}", " {\n} ", nothing()},
		{"empty strings of old fabrics", `""`, `""`, nothing()},
		{"null for known keys", `{"docker": null, "compose": null, "uninstall": {"purgeData": null}}`, `{"certs": null, "login": null}`, nothing()},
		{"null within docker", `{"docker": {"port": null, "users": null, "source": null, "proxy": {"http": null}}}`, "", nothing()},
		{"an empty compose file", `{"compose": {}}`, "", nothing()},
		{"empty certificates of a template", "", `{"certs": {"ca": "", "cert": "", "key": ""}}`, nothing()},

		{"options", `{"docker": {"options": ["-D", "--dns=8.8.8.8", "--label", "foo=bar"]}}`, "",
			with(func(s *Settings) {
				s.Docker.Options = []string{"-D", "--dns=8.8.8.8", "--label", "foo=bar"}
				s.Docker.Daemon = map[string]json.RawMessage{"debug": raw("true"), "dns": raw(`["8.8.8.8"]`), "labels": raw(`["foo=bar"]`)}
			})},
		{"options and keys", `{"docker": {"options": ["-D"], "daemon": {"mtu": 1450, "labels": ["a=<&>"]}}}`, "",
			with(func(s *Settings) {
				s.Docker.Options = []string{"-D"}
				s.Docker.Daemon = map[string]json.RawMessage{"debug": raw("true"), "mtu": raw("1450"), "labels": raw(`["a=<&>"]`)}
			})},
		{"nobody in the group", `{"docker": {"users": []}}`, "", with(func(s *Settings) { s.Docker.Users, s.Docker.UsersSet = []string{}, true })},
		{"two in the group", `{"docker": {"users": ["anna", "Bob.B"]}}`, "", with(func(s *Settings) { s.Docker.Users, s.Docker.UsersSet = []string{"anna", "Bob.B"}, true })},
		{"no waiting", `{"docker": {"waitMinutes": 0}}`, "", with(func(s *Settings) { s.Docker.Wait = -1 })},
		{"some waiting", `{"docker": {"waitMinutes": "5"}}`, "", with(func(s *Settings) { s.Docker.Wait = 5 * time.Minute })},
		{"source by name", `{"docker": {"source": "docker", "version": "5:29.7.2-1~ubuntu.24.04~noble", "hold": "True"}}`, "",
			with(func(s *Settings) {
				s.Docker.Source, s.Docker.Version, s.Docker.Hold = Source{Kind: SourceDocker, Named: true}, "5:29.7.2-1~ubuntu.24.04~noble", true
			})},
		{"source by address", `{"docker": {"source": {"url": "https://m.example.com/d", "suite": "bookworm", "component": "stable", "key": "https://m.example.com/k", "packages": ["docker-ce"]}}}`, "",
			with(func(s *Settings) {
				s.Docker.Source = Source{Kind: SourceMirror, Named: true, URL: "https://m.example.com/d", Suite: "bookworm", Component: "stable",
					Key: state.Key{Address: "https://m.example.com/k"}, Packages: []string{"docker-ce"}}
			})},
		{"source by name, the usual one", `{"docker": {"source": "distro"}}`, "", with(func(s *Settings) { s.Docker.Source.Named = true })},
		{"the least of a mirror", `{"docker": {"source": {"url": "http://m.example.com/d", "suite": "bookworm"}}}`, "",
			with(func(s *Settings) {
				s.Docker.Source = Source{Kind: SourceMirror, Named: true, URL: "http://m.example.com/d", Suite: "bookworm", Component: "stable"}
			})},
		{"a flat mirror, and a key by http with its fingerprint", `{"docker": {"source": {"url": "file:///srv/debs", "suite": "debs/", "key": "http://m.example.com/k", "fingerprint": "9dc8 5822 9fc7 dd38 854a  e2d8 8d81 803c 0ebf cd88"}}}`, "",
			with(func(s *Settings) {
				s.Docker.Source = Source{Kind: SourceMirror, Named: true, URL: "file:///srv/debs", Suite: "debs/",
					Key: state.Key{Address: "http://m.example.com/k", Fingerprint: "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"}}
			})},
		{"proxy", `{"docker": {"proxy": {"http": "http://p:1", "https": "http://p:2", "no": "localhost,.example.com"}}}`, "",
			with(func(s *Settings) {
				s.Docker.Proxy = state.Proxy{HTTP: secret.New("http://p:1"), HTTPS: secret.New("http://p:2"), No: "localhost,.example.com"}
			})},
		{"cloud and purge", `{"azure-environment": "AzureChinaCloud", "uninstall": {"purgeData": "true"}}`, "",
			with(func(s *Settings) { s.Cloud, s.PurgeData = AzureChinaCloud, true })},
		{"opted out of TLS", `{"docker": {"port": "2375", "tls": false}}`, "",
			with(func(s *Settings) {
				s.Docker.Port, s.Docker.TLS = 2375, false
				s.Notes = []string{"publicSettings.docker.tls is false: anyone who reaches port 2375 is root on this VM"}
			})},
		{"a number that is whole all the same", `{"docker": {"port": 2.375e3, "tls": "False"}}`, "",
			with(func(s *Settings) {
				s.Docker.Port, s.Docker.TLS = 2375, false
				s.Notes = []string{"publicSettings.docker.tls is false: anyone who reaches port 2375 is root on this VM"}
			})},
		{"hosts", `{"docker": {"options": ["-H", "fd://", "-H", "tcp://:2375", "-H", "tcp://10.0.0.4:2376"], "tls": false}}`, "",
			with(func(s *Settings) {
				s.Docker.TLS = false
				s.Docker.Options = []string{"-H", "fd://", "-H", "tcp://:2375", "-H", "tcp://10.0.0.4:2376"}
				s.Docker.Hosts = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:2375"), netip.MustParseAddrPort("10.0.0.4:2376")}
				s.Notes = []string{
					"--host is left out: the engine listens on /run/docker.sock already",
					"--host with :2375 means 127.0.0.1:2375 to the engine; write 0.0.0.0:2375 for clients on other hosts",
					"publicSettings.docker.tls is false: anyone who reaches 127.0.0.1:2375 and 10.0.0.4:2376 is root on this VM",
				}
			})},
		{"port, said more exactly by a host", `{"docker": {"port": "2375", "options": ["-H=tcp://localhost:2375"], "tls": false}}`, "",
			with(func(s *Settings) {
				s.Docker.Port, s.Docker.TLS = 2375, false
				s.Docker.Options = []string{"-H=tcp://localhost:2375"}
				s.Docker.Hosts = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:2375")}
				s.Notes = []string{"publicSettings.docker.tls is false: every account and program on this VM is root by way of 127.0.0.1:2375"}
			})},
		{"no TLS and no port", `{"docker": {"tls": "false"}}`, "",
			with(func(s *Settings) {
				s.Docker.TLS = false
				s.Notes = []string{"publicSettings.docker.tls is false, but without docker.port nothing listens on the network"}
			})},
		{"compose of 2015 with a secret", `{"compose": {"db": {"image": "mysql", "environment": ["PW"]}}, "compose-environment": {"COMPOSE_PROJECT_NAME": "shop"}}`, `{"environment": {"PW": "s3cret"}}`,
			with(func(s *Settings) {
				s.Compose = &project.Project{
					File:      raw(`{"services":{"db":{"environment":["PW"],"image":"mysql"}}}`),
					Services:  map[string]project.Service{"db": {Image: "mysql"}},
					Variables: []string{"PW"},
				}
				s.ProjectName = "shop"
				s.Notes = []string{"publicSettings.compose has the form of 2015, with the services at the top, and is taken as today's"}
				s.ComposeEnvironment = map[string]string{"COMPOSE_PROJECT_NAME": "shop"}
				s.Environment = map[string]secret.Secret{"PW": secret.New("s3cret")}
			})},
		{"a variable on both sides", `{"compose-environment": {"A": "1"}}`, `{"environment": {"A": "2"}}`,
			with(func(s *Settings) {
				s.ComposeEnvironment = map[string]string{"A": "1"}
				s.Environment = map[string]secret.Secret{"A": secret.New("2")}
				s.Notes = []string{"publicSettings.compose-environment and protectedSettings.environment have a variable in common: the protected one is used",
					"protectedSettings.environment.A: not visible inside any container, because no service lists it"}
			})},
		{"a project that names itself", `{"compose": {"name": "shop", "services": {"web": {"image": "w:${TAG}"}}}, "compose-environment": {"TAG": "1"}}`, "",
			with(func(s *Settings) {
				s.Compose = &project.Project{
					Name: "shop", File: raw(`{"services":{"web":{"image":"w:${TAG}"}}}`),
					Services: map[string]project.Service{"web": {Image: "w:${TAG}"}}, Variables: []string{"TAG"},
				}
				s.ComposeEnvironment, s.ProjectName = map[string]string{"TAG": "1"}, "shop"
			})},
		{"one login", "", `{"login": {"username": "u", "password": "p", "email": "e"}}`,
			with(func(s *Settings) { s.Logins = []Login{{registry.Hub, "u", secret.New("p")}} })},
		{"two logins", "", `{"login": [{"server": "r:5000", "username": "u", "password": "p"}, {"username": "v", "password": "q"}]}`,
			with(func(s *Settings) {
				s.Logins = []Login{{"r:5000", "u", secret.New("p")}, {registry.Hub, "v", secret.New("q")}}
			})},
		{"a token as a file has it, and a key file of several lines", "", `{"login": [{"server": "r", "username": "u", "password": "p\r\n"}, {"server": "s", "username": "_json_key", "password": "{\n  \"private_key\": \"k\\n\"\n}\n\n"}]}`,
			with(func(s *Settings) {
				s.Logins = []Login{{"r", "u", secret.New("p")}, {"s", "_json_key", secret.New("{\n  \"private_key\": \"k\\n\"\n}")}}
			})},
		{"keys of 2014", `{"installonly": "false", "composeup": {"web": {"image": "w"}}, "version": 2}`, "",
			with(func(s *Settings) {
				s.Compose = &project.Project{File: raw(`{"services":{"web":{"image":"w"}}}`), Services: map[string]project.Service{"web": {Image: "w"}}}
				s.Notes = []string{
					"publicSettings.installonly is a key of 2014 and has no effect when it is false",
					"publicSettings.version has no effect; the version of the engine is docker.version",
					"publicSettings.composeup is a key of 2014; use publicSettings.compose instead",
					"publicSettings.composeup has the form of 2015, with the services at the top, and is taken as today's",
				}
			})},
		{"install only, with a port and no certificates", `{"installonly": "true", "dockerport": 4243}`, "",
			with(func(s *Settings) {
				s.InstallOnly, s.Docker.Port = true, 4243
				s.Notes = []string{
					"publicSettings.dockerport is a key of 2014; use publicSettings.docker.port instead",
					"publicSettings.installonly is a key of 2014: the engine is installed, and all other settings are left aside",
				}
			})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse([]byte(test.public), []byte(test.protected), Options{Now: now})
			if err != nil {
				t.Fatal(fault.Sentence(err, 0))
			}
			if len(got.Docker.Daemon) == 0 {
				got.Docker.Daemon = nil // empty or nil makes no difference
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("\n got: %#v\nwant: %#v", got, test.want)
			}
		})
	}
}

// Bodies of the kind that public templates have sent since 2015.
func TestParseBodiesOfTemplates(t *testing.T) {
	tests := []struct {
		name, public, protected string
		port                    int
		compose                 bool
	}{
		{"an engine and nothing else", `{}`, "", 0, false},
		{"a blog with its database", `{"compose": {"db": {"image": "mariadb", "ports": ["3306:3306"], "environment": ["MYSQL_ROOT_PASSWORD"]},
			"blog": {"image": "wordpress", "ports": ["80:80"], "links": ["db:mysql"]}}}`, `{"environment": {"MYSQL_ROOT_PASSWORD": "x"}}`, 0, true},
		{"a cluster's manager", `{"compose": {"consul": {"image": "consul", "command": "-server", "ports": ["8301:8301/udp"], "restart": "always"},
			"swarm": {"image": "swarm", "command": "manage consul://10.0.0.4:8500", "links": ["consul"], "volumes": ["/etc/docker:/etc/docker"]}}}`, "", 0, true},
		{"an agent that opted out", `{"docker": {"port": "2375", "tls": false}, "compose": {"agent": {"image": "agent", "privileged": true}}}`, "", 2375, true},
		{"an engine with certificates", `{"docker": {"port": "2376", "options": ["--label", "foo=bar"]}}`, string(goodCerts(t)), 2376, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse([]byte(test.public), []byte(test.protected), Options{Now: now})
			if err != nil {
				t.Fatal(fault.Sentence(err, 0))
			}
			if got.Docker.Port != test.port || (got.Compose != nil) != test.compose {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestPortAndCertificates(t *testing.T) {
	protected := goodCerts(t)
	tests := []struct {
		public string
		notes  []string
	}{
		{`{"docker": {"port": 2376}}`, nil},
		{`{"docker": {"port": 2376, "tls": true}}`, nil},
		{`{}`, []string{"protectedSettings.certs is there, but without docker.port nothing listens on the network"}},
		{`{"docker": {"port": 2375, "tls": false}}`, []string{
			"publicSettings.docker.tls is false: anyone who reaches port 2375 is root on this VM",
			"protectedSettings.certs is not used, because docker.tls is false",
		}},
	}
	for _, test := range tests {
		got, err := Parse([]byte(test.public), protected, Options{Now: now})
		if err != nil || got.Certificates == nil || !slices.Equal(got.Notes, test.notes) {
			t.Errorf("Parse(%s) = notes %q, %v", test.public, got.Notes, err)
		}
	}
}
