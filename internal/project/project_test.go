package project

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/fault"
)

const place = "publicSettings.compose"

func TestRead(t *testing.T) {
	const note = place + " has the form of 2015, with the services at the top, and is taken as today's"
	tests := []struct{ name, file, want, notes string }{
		{"empty", `{}`, "", ""},
		{"no services", `{"services": {}, "version": "2"}`, "", ""},
		{"today's", `{"services": {"web": {"image": "nginx", "mem_limit": 104857600}}}`,
			`{"services":{"web":{"image":"nginx","mem_limit":104857600}}}`, ""},
		{"with a version and a name", `{"version": "3.8", "name": "shop", "services": {"web": {"image": "nginx"}}, "volumes": {"data": null}}`,
			`{"services":{"web":{"image":"nginx"}},"volumes":{"data":null}}`, ""},
		{"2015: a blog", `{"db": {"image": "mysql", "volumes": ["/var/lib/mysql:/var/lib/mysql"], "environment": ["PW"]}, "blog": {"image": "wordpress", "links": ["db:mysql"], "mem_limit": "100m"}}`,
			`{"services":{"blog":{"image":"wordpress","links":["db:mysql"],"mem_limit":"100m"},"db":{"environment":["PW"],"image":"mysql","volumes":["/var/lib/mysql:/var/lib/mysql"]}}}`, note},
		{"2015: networks", `{"a": {"image": "i", "net": "host"}, "b": {"image": "i", "net": "container:a"}, "c": {"image": "i", "net": "container:other"}}`,
			`{"services":{"a":{"image":"i","network_mode":"host"},"b":{"image":"i","network_mode":"service:a"},"c":{"image":"i","network_mode":"container:other"}}}`, note},
		{"2015: logging", `{"a": {"image": "i", "log_driver": "syslog", "log_opt": {"tag": "x"}}, "b": {"image": "i", "log_driver": "none"}}`,
			`{"services":{"a":{"image":"i","logging":{"driver":"syslog","options":{"tag":"x"}}},"b":{"image":"i","logging":{"driver":"none"}}}}`, note},
		{"2015: dockerfile", `{"a": {"build": "app", "dockerfile": "Dockerfile.prod"}}`,
			`{"services":{"a":{"build":{"context":"app","dockerfile":"Dockerfile.prod"}}}}`, note},
		{"2015: volumes with a name", `{"a": {"image": "i", "volume_driver": "nfs", "volumes": ["data:/data", "/host:/x", "./rel:/y"]}, "b": {"image": "i", "volumes": ["data:/data:ro", "/anonymous"]}}`,
			`{"services":{"a":{"image":"i","volumes":["data:/data","/host:/x","./rel:/y"]},"b":{"image":"i","volumes":["data:/data:ro","/anonymous"]}},"volumes":{"data":{"driver":"nfs","name":"data"}}}`, note},
		{"a file that includes nothing", `{"include": [], "services": {}}`, "", ""},
		{"2015: a service called include", `{"include": {"image": "i"}}`, `{"services":{"include":{"image":"i"}}}`, note},
		{"2015: the volumes of others", `{"a": {"image": "i"}, "b": {"image": "i", "volumes_from": ["a:ro", "old", "old:ro"]}}`,
			`{"services":{"a":{"image":"i"},"b":{"image":"i","volumes_from":["a:ro","container:old","container:old:ro"]}}}`, note},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, notes, faults := Read([]byte(test.file), place)
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			got := ""
			if p != nil {
				got = string(p.File)
			}
			if got != test.want || strings.Join(notes, "\n") != test.notes {
				t.Errorf("got  %s\nwant %s\nnotes %q", got, test.want, notes)
			}
		})
	}
}

// What cannot be converted, or reads files of the host, is told with its place and its cure.
func TestReadRefuses(t *testing.T) {
	const cure = " (put the file into /etc/docker/compose and name it from there, or pass its content in the settings)"
	const alone = place + ".include: names other files, but no service stands in the settings (put at least one into \"services\"; those of the other files come up beside it)"
	outside := func(where string) string { return place + where + ": lies outside of /etc/docker/compose" + cure }
	tests := []struct {
		name, file string
		want       []string
	}{
		{"version alone", `{"version": "2", "web": {"image": "i"}}`, []string{
			place + `.version: is there, but services is not (put the services into "services", or remove version and leave them at the top, as in 2015)`}},
		{"no services", `{"services": ["web"]}`, []string{place + `.services: is not an object (write it like {"web": {"image": "nginx"}})`}},
		{"no service", `{"services": {"web": "nginx", "db": {"imgae": "mysql"}}}`, []string{
			place + ".services.db: has neither image nor build (name its image)",
			place + `.services.web: is not an object (write it like {"image": "nginx"})`}},
		{"2015: no service", `{"web": "nginx", "db": {"image": "i"}}`, []string{place + `.web: is not a service (put the services into "services")`}},
		{"2015: old and new", `{"a": {"image": "i", "net": "host", "network_mode": "host", "log_driver": "x", "logging": {}}}`, []string{
			place + ".a.net: is the key of 2015 for network_mode, and both are there (remove net)",
			place + ".a.log_driver: is the key of 2015 for logging, and both are there (remove log_driver)"}},
		{"2015: what has no counterpart", `{"a": {"image": "i", "dockerfile": "D", "net": 1, "volume_driver": "nfs", "volumes": ["/anonymous"]}}`, []string{
			place + ".a.net: is not a string (put the value in quotes)",
			place + `.a.dockerfile: cannot be converted: build is not the path of a folder (write it like "build": {"context": ".", "dockerfile": "..."})`,
			place + `.a.volumes[0]: cannot be converted: volume_driver is for volumes with a name (name the volume, like "data:/data")`}},
		{"2015: two drivers", `{"a": {"image": "i", "volume_driver": "nfs", "volumes": ["d:/d"]}, "b": {"image": "i", "volume_driver": "smb", "volumes": ["d:/d"]}}`, []string{
			place + `.b.volume_driver: cannot be converted: the volume "d" has another driver elsewhere (give it the same driver in all services)`}},
		{"2015: paths", `{"my web": {"image": "i", "env_file": "/etc/shadow"}}`, []string{outside(`["my web"].env_file`)}},
		{"env_file", `{"services": {"a": {"image": "i", "env_file": ["ok.env", "../x", {"path": "/etc/shadow", "required": false}, "/etc/docker/compose/../key.pem"]}}}`, []string{
			outside(".services.a.env_file[1]"), outside(".services.a.env_file[2].path"), outside(".services.a.env_file[3]")}},
		{"extends", `{"services": {"a": {"extends": {"file": "/root/c.yml", "service": "x"}}, "b": {"extends": {"service": "a"}}}}`, []string{outside(".services.a.extends.file")}},
		{"include", `{"include": ["/etc/c.yml", {"path": ["ok.yml", "~/c.yml"], "project_directory": "/", "env_file": "../e"}, "https://example.com/c.yml"], "services": {"a": {"image": "i"}}}`, []string{
			outside(".include[0]"), outside(".include[1].path[1]"), outside(".include[1].project_directory"), outside(".include[1].env_file"), outside(".include[2]")}},
		{"a program of the host", `{"services": {"a": {"provider": {"type": "model"}}}}`, []string{
			place + ".services.a.provider: is a program of the VM, which settings cannot have run (run what it provides as a service with an image)"}},
		{"include alone", `{"include": ["a.yml"]}`, []string{alone}},
		{"include beside other things", `{"include": [{"path": "a.yml"}], "volumes": {"data": null}}`, []string{alone}},
		{"include and no service", `{"include": ["a.yml"], "services": {}}`, []string{alone}},
		{"include that lies outside, alone", `{"include": ["/etc/c.yml"], "services": {}}`, []string{alone, outside(".include[0]")}},
		{"build", `{"services": {"a": {"build": "/"}, "b": {"build": {"context": "app", "dockerfile": "../../D", "additional_contexts": {"x": "/etc"}, "ssh": ["id=/root/.ssh/id"], "cache_from": ["type=local,src=/var"]}},
			"c": {"build": "https://example.com/app.git"}, "d": {"build": "github.com/../../../etc"}, "e": {"build": {"dockerfile": "D"}}}}`, []string{
			outside(".services.a.build"), outside(".services.b.build.dockerfile"), outside(".services.b.build.additional_contexts.x"),
			outside(".services.b.build.ssh[0]"), outside(".services.b.build.cache_from[0]"), outside(".services.d.build")}},
		{"secrets and configs", `{"services": {"a": {"image": "i"}}, "secrets": {"s": {"file": "/etc/docker/key.pem"}, "t": {"environment": "X"}}, "configs": {"c": {"file": "${HOME}/x"}}}`, []string{
			outside(".secrets.s.file"), place + ".configs.c.file: has a variable in it, so that nobody can tell whether it stays in /etc/docker/compose (write the path out)"}},
		{"a merge", `{"services": {"a": {"image": "i", "<<": {"env_file": "/etc/shadow"}}}}`, []string{
			place + `.services.a["<<"]: is a way of YAML, which JSON does not have (write the keys out)`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, faults := Read([]byte(test.file), place)
			var got []string
			for _, f := range faults {
				got = append(got, fault.Sentence(f, 0))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(test.want, "\n\t"))
			}
		})
	}
}

func TestActive(t *testing.T) {
	p, _, faults := Read([]byte(`{"services": {
		"web": {"image": "nginx:${TAG:-1}"}, "built": {"build": ".", "image": "own"}, "never": {"image": "own", "pull_policy": "never"},
		"debug": {"image": "busybox", "profiles": ["debug"]}, "none": {"image": "i", "scale": 0}, "zero": {"image": "i", "deploy": {"replicas": 0}},
		"hard": {"image": "i:${TAG:?no}"}}}`), place)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	always := map[string]string{"web": "nginx:1", "built": "", "never": "", "hard": ""}
	if got := p.Active(nil); !maps.Equal(got, always) {
		t.Errorf("got %v", got)
	}
	always["web"], always["debug"] = "nginx:2", "busybox"
	if got := p.Active(map[string]string{"TAG": "2", "COMPOSE_PROFILES": "x,debug"}); !maps.Equal(got, always) {
		t.Errorf("with a profile and a tag: got %v", got)
	}
}

// Services that compose starts no container for are none to wait for.
func TestActiveWithoutContainers(t *testing.T) {
	tests := []struct{ service, n, want string }{
		{`"scale": 0`, "", "idle"},
		{`"scale": "0"`, "", "idle"},
		{`"scale": 2`, "", "runs"},
		{`"scale": "none"`, "", "runs"}, // compose refuses it
		{`"scale": "${N:-0}"`, "", "idle"},
		{`"scale": "${N:-0}"`, "1", "runs"},
		{`"scale": "${N:-1}"`, "0", "idle"},
		{`"scale": "${N:?}"`, "1", "runs"},
		{`"deploy": {"replicas": 0}`, "", "idle"},
		{`"deploy": {"replicas": "0"}`, "", "idle"},
		{`"deploy": {"replicas": "$N"}`, "0", "idle"},
		{`"deploy": {"replicas": "$N"}`, "3", "runs"},
		{`"deploy": {"replicas": 0}, "scale": 1`, "", "runs"},
	}
	for _, test := range tests {
		p, _, faults := Read([]byte(`{"services": {"web": {"image": "nginx", `+test.service+`}}}`), place)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		environment := map[string]string{}
		if test.n != "" {
			environment["N"] = test.n
		}
		got := "idle"
		if _, active := p.Active(environment)["web"]; active {
			got = "runs"
		}
		if got != test.want {
			t.Errorf("%s with N=%q: %s, want %s", test.service, test.n, got, test.want)
		}
	}
}

func TestExpand(t *testing.T) {
	environment := map[string]string{"A": "a$", "E": ""}
	for text, want := range map[string]string{
		"plain": "plain", "$A-x": "a$-x", "${A}": "a$", "${B-b}": "b", "${E-b}": "", "${E:-b}": "b", "${B}": "", "cost: $$5": "cost: $5",
		"${A:?must}": "?", "${A:+x}": "?", "${A:-${B}}": "?", "100$": "?",
	} {
		got, known := expand(text, environment)
		if known != (want != "?") || known && got != want {
			t.Errorf("%s: got %q, %t", text, got, known)
		}
	}
}

func TestVariables(t *testing.T) {
	p, _, _ := Read([]byte(`{"services": {
		"a": {"image": "i:${TAG}", "environment": ["PW", "SET=1"], "command": "echo $$NOT $WORD"},
		"b": {"build": {"context": ".", "args": {"ARG": null, "GIVEN": "1"}}, "environment": {"OTHER": null, "FIXED": "x"}}},
		"secrets": {"s": {"environment": "SECRET"}}}`), place)
	if got := strings.Join(p.Variables, " "); got != "ARG OTHER PW SECRET TAG WORD" {
		t.Errorf("got %s", got)
	}
}

func TestWritten(t *testing.T) {
	p, _, _ := Read([]byte(`{"services": {"a": {"image": "i"}}}`), place)
	if got := string(p.Written("")); got != "{\n  \"services\": {\n    \"a\": {\n      \"image\": \"i\"\n    }\n  }\n}\n" {
		t.Errorf("got %s", got)
	}
	if got := string(p.Written("2.4")); !strings.HasPrefix(got, "{\n  \"version\": \"2.4\",\n  \"services\"") {
		t.Errorf("got %s", got)
	}
}
