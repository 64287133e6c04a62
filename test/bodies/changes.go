package bodies

import "slices"

// Changes gives changes of Base, one for each key and each way in which it can change.
func Changes() []Change {
	return slices.Concat([]Change{{Name: "nothing"}}, clients(), daemon(), packages(), containers())
}

// clients gives changes of who reaches the engine, and how.
func clients() []Change {
	return []Change{
		{Name: "no port", Public: `{"docker":{"port":null}}`,
			Steps: "listener, daemon.json, docker, engine answers", Lines: `-# Written by the Docker VM extension from docker.port in its settings; changes here are overwritten.
-[Socket]
-ListenStream=0.0.0.0:PORT
-},
-"tlscacert": "/etc/docker/ca.pem",
-"tlscert": "/etc/docker/cert.pem",
-"tlskey": "/etc/docker/key.pem",
-"tlsverify": true
+}`},
		{Name: "port", Public: `{"docker":{"port":OTHERPORT}}`,
			Steps: "listener, docker, engine answers", Lines: `-ListenStream=0.0.0.0:PORT
+ListenStream=0.0.0.0:OTHERPORT`},
		{Name: "the same port as a text", Public: `{"docker":{"port":"PORT"}}`},
		{Name: "the port by its old name", Public: `{"docker":{"port":null},"dockerport":"PORT"}`},
		{Name: "one user more", Public: `{"docker":{"users":["azureuser","root"]}}`,
			Steps: "users", Lines: `add root to group docker`},
		{Name: "no user", Public: `{"docker":{"users":[]}}`,
			Steps: "users", Lines: `take azureuser out of group docker`},
	}
}

// daemon gives changes of the engine.
func daemon() []Change {
	return []Change{
		{Name: "the same label as a key", Public: `{"docker":{"options":["--log-opt=max-size=10m"],"daemon":{"labels":["rack=7"]}}}`},
		{Name: "another label", Public: `{"docker":{"options":["--label=rack=8","--log-opt=max-size=10m"]}}`,
			Steps: "daemon.json, docker, engine answers", Lines: `-"rack=7"
+"rack=8"`},
		{Name: "one label more", Public: `{"docker":{"options":["--label=rack=7","--label=a=b","--log-opt=max-size=10m"]}}`,
			Steps: "daemon.json, docker, engine answers", Lines: `-"rack=7"
+"rack=7",
+"a=b"`},
		{Name: "no label", Public: `{"docker":{"options":["--log-opt=max-size=10m"]}}`,
			Steps: "daemon.json, docker, docker, engine answers", Lines: `-"labels": [
-"rack=7"
-],`},
		{Name: "debug", Public: `{"docker":{"options":["-D","--label=rack=7","--log-opt=max-size=10m"]}}`,
			Steps: "daemon.json, docker, engine answers", Lines: `+"debug": true,`},
		{Name: "another log option", Public: `{"docker":{"options":["--label=rack=7","--log-opt=max-size=20m"]}}`,
			Steps: "daemon.json, docker, engine answers", Lines: `-"max-size": "10m"
+"max-size": "20m"`},
		{Name: "another key of daemon.json", Public: `{"docker":{"daemon":{"dns":["10.0.0.2"]}}}`,
			Steps: "daemon.json, docker, engine answers", Lines: `-"10.0.0.1"
+"10.0.0.2"`},
		{Name: "one key more", Public: `{"docker":{"daemon":{"userland-proxy":false}}}`,
			Steps: "daemon.json, docker, engine answers", Lines: `-"tlsverify": true
+"tlsverify": true,
+"userland-proxy": false`},
		{Name: "one key less", Public: `{"docker":{"daemon":null}}`,
			Steps: "daemon.json, docker, engine answers", Lines: `-"dns": [
-"10.0.0.1"
-],`},
	}
}

// packages gives changes of packages and what they come through.
func packages() []Change {
	return []Change{
		{Name: "hold", Public: `{"docker":{"hold":true}}`,
			Steps: "hold", Lines: `hold docker-cli, docker.io`},
		{Name: "proxy", Public: `{"docker":{"proxy":{"https":"http://10.0.0.9:3128"}}}`,
			Steps: "proxy, docker, engine answers", Lines: `+# Written by the Docker VM extension from docker.proxy in its settings; changes here are overwritten.
+HTTPS_PROXY="http://10.0.0.9:3128"
+# Written by the Docker VM extension from docker.proxy in its settings; changes here are overwritten.
+[Service]
+EnvironmentFile=-/etc/docker/docker-extension-proxy.env`},
		{Name: "patience", Public: `{"docker":{"waitMinutes":10}}`},
		{Name: "Docker's repository", Public: `{"docker":{"source":"docker"}}`,
			Steps: "source, packages, daemon.json, docker, docker, daemon.json, packages, at boot, docker, engine answers, packages", Lines: `try the repository and write /etc/apt/sources.list.d/docker.sources, /etc/apt/keyrings/docker.asc
download containerd.io, docker-buildx-plugin, docker-ce, docker-ce-cli, docker-compose-plugin
-"live-restore": true,
+"live-restore": false,
-"live-restore": false,
+"live-restore": true,
install containerd.io, docker-buildx-plugin, docker-ce, docker-ce-cli, docker-compose-plugin in place of containerd, docker-cli, docker.io, runc
start at boot: docker.service, docker.socket
remove if nothing needs it: tini`},
		{Name: "another cloud", Public: `{"azure-environment":"AzureUSGovernment"}`},
		{Name: "China", Public: `{"azure-environment":"AzureChinaCloud"}`},
		{Name: "data to be purged", Public: `{"uninstall":{"purgeData":true}}`},
	}
}

// containers gives changes of containers.
func containers() []Change {
	return []Change{
		{Name: "containers", Public: `{"compose":{"services":{"web":{"image":"nginx"}}}}`,
			Steps: "docker-compose.yml, packages, images, containers", Lines: `+{
+"services": {
+"web": {
+"image": "nginx"
+}
+}
+}
install docker-compose
pull what is missing of nginx (each within 30 minutes)
bring up project shop: web (within 10 minutes)`},
		{Name: "another project", Public: `{"compose-environment":{"COMPOSE_PROJECT_NAME":"market"}}`},
		{Name: "account of a registry", Protected: `{"login":{"server":"registry.example.com","username":"robot","password":"Geheim.4711"}}`,
			Steps: "login, credentials", Lines: `log in to registry.example.com
+account at registry.example.com: [redacted]`},
		{Name: "secret variable", Protected: `{"environment":{"DB_PASSWORD":"Geheim.4712"}}`},
	}
}
