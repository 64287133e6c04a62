package e2e

import (
	"fmt"
	"strings"

	"docker-extension/test/harness/pki"
)

// The two registries in a lab's VM: one that stands in for Docker Hub, open and on the VM's own loopback,
// and one with TLS and a password, under a name of its own.
const (
	openRegistry    = "127.0.0.1:5000"
	privateRegistry = "registry.test:5443"
	registryUser    = "robot"
)

// standIn makes an image that takes any command and does nothing, in one process, until it is told to stop.
const standIn = `--change 'ENTRYPOINT ["/bin/sh", "-c", "trap \"exit 143\" TERM; mkfifo /nothing; exec 3<>/nothing; read line <&3"]'`

// registries starts both, and has the engine take Docker Hub's images from the first one, by a daemon.json
// that is a person's own.
func (l *lab) registries(password string) {
	l.Helper()
	keys, err := pki.NewSet(nil, "registry.test", "other.test")
	if err != nil {
		l.Fatal(err)
	}
	l.place("/etc/docker/daemon.json", `{"registry-mirrors": ["http://`+openRegistry+`"]}`)
	l.place("/etc/docker/certs.d/"+privateRegistry+"/ca.crt", string(keys.Authority.Cert))
	l.place("/srv/private/cert.pem", string(keys.Server.Cert))
	l.place("/srv/private/key.pem", string(keys.Server.Key))
	l.place("/srv/private/plain", password)
	l.place("/srv/open.yml", registryConfig("/srv/open", "0.0.0.0:5000", ""))
	l.place("/srv/private.yml", registryConfig("/srv/private/data", "0.0.0.0:5443",
		"  tls: {certificate: /srv/private/cert.pem, key: /srv/private/key.pem}\nauth: {htpasswd: {realm: test, path: /srv/private/htpasswd}}\n"))
	l.sh(`apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker-registry apache2-utils
		systemctl disable --quiet --now docker-registry
		for user in ` + registryUser + ` second; do htpasswd -i -B $(test -e /srv/private/htpasswd || echo -c) /srv/private/htpasswd $user </srv/private/plain 2>/dev/null; done
		rm /srv/private/plain
		echo '` + l.vm.Address() + ` registry.test' >>/etc/hosts`)
	l.startRegistries()
}

func registryConfig(folder, address, more string) string {
	return fmt.Sprintf("version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp:\n  addr: %s\n%s", folder, address, more)
}

func (l *lab) startRegistries() {
	l.Helper()
	l.sh(`for name in open private; do systemd-run --quiet --unit=registry-$name docker-registry serve /srv/$name.yml; done
		for i in $(seq 600); do curl -s http://` + openRegistry + `/v2/ >/dev/null && curl -sk https://` + privateRegistry + `/v2/ >/dev/null && exit 0; sleep 0.1; done; exit 1`)
}

// images puts images into the registries, and leaves none on the engine.
func (l *lab) images() {
	l.Helper()
	script := "docker import " + standIn + " /opt/busybox.tar stand-in >/dev/null; docker import /opt/busybox.tar tool >/dev/null\n"
	push := func(image, target string) {
		script += fmt.Sprintf("docker tag %s %[2]s && docker push -q %[2]s >/dev/null\n", image, target)
	}
	for _, name := range []string{"library/mysql", "library/wordpress", "progrium/consul", "library/swarm", "rancher/agent"} {
		push("stand-in", openRegistry+"/"+name)
	}
	push("tool", openRegistry+"/library/tool")
	script += "docker login -u " + registryUser + " --password-stdin " + privateRegistry + " </root/password 2>/dev/null >/dev/null\n"
	push("tool", privateRegistry+"/team/app")
	script += "docker logout " + privateRegistry + " >/dev/null\nrm -rf /root/password /root/.docker\ndocker rmi -f $(docker images -q | sort -u) >/dev/null\n"
	l.sh("set -e\n" + script)
}

func (l *lab) place(path, content string) {
	l.Helper()
	if err := l.vm.WriteFile(path, 0o600, []byte(content)); err != nil {
		l.Fatal(err)
	}
}

// services gives the services that run of a project, sorted, as the engine's labels have it.
func (l *lab) services(project string) string {
	l.Helper()
	return strings.Join(strings.Fields(l.sh(`docker ps --filter status=running --filter label=com.docker.compose.project=`+project+
		` --format '{{.Label "com.docker.compose.service"}}' | sort`)), " ")
}

// service gives the container of a service.
func (l *lab) service(project, name string) container {
	l.Helper()
	return l.container(l.sh(fmt.Sprintf("docker ps -q --filter label=com.docker.compose.project=%s --filter label=com.docker.compose.service=%s", project, name)))
}
