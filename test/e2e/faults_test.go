package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"testing"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/pki"
)

// Codes of the extension, as docs/errors.md lists them.
const (
	codeSettingsFile    = 11
	codeDecryption      = 12
	codeSettingsInvalid = 13
	codeHostConfig      = 20
	codeHostFiles       = 21
	codeUnsupported     = 51
	codePackageInstall  = 52
)

// Whatever is wrong with the settings or the host is told in one sentence, and nothing is touched:
// neither a bare VM, nor one whose engine runs with a container.
func TestFaults(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		all := slices.Concat(portFaults(), certificateFaults(), envelopeFaults(), keyFaults(), optionFaults(), hostFaults())
		l.refuse(unsupportedSystem(), agent.CodeInstall)
		l.enable(l.settings(`{"docker":{"prot":2376}}`, nil)) // installs the handler, and is refused

		before := l.content()
		l.refuseAll(all)
		for _, path := range changed(before, l.content()) {
			l.Errorf("%s is another one after all faults", path)
		}

		l.succeed(l.remote(`{"docker":{"port":2376}}`))
		witness := l.runContainer("witness", "no")
		l.refuseAll(slices.DeleteFunc(all, func(r row) bool { return !r.again }))
		witness.wantUntouched(l)
		l.scan("/etc/docker/key.pem")
	})
}

// refuseAll runs the rows one after the other.
func (l *lab) refuseAll(rows []row) {
	for _, r := range rows {
		l.Run(r.name, func(t *testing.T) { l.with(t).refuse(r, agent.CodeEnable) })
	}
}

func portFaults() []row {
	const isNoPort, useWhole = "publicSettings.docker.port: ", "is not a port (use a whole number from 1 to 65535"
	return []row{
		{name: "port without certificates", file: public(`{"docker":{"port":"2376"}}`), code: codeSettingsInvalid, again: true,
			says: []string{"publicSettings.docker.port: needs certificates", "send ca, cert and key as certs in the protected settings", "docker.tls to false"}},
		{name: "port of 2014 without certificates", file: public(`{"dockerport":"4243"}`), code: codeSettingsInvalid,
			says: []string{"publicSettings.dockerport: needs certificates", "send ca, cert and key as certs in the protected settings"}},
		{name: "port 0", file: good(`{"docker":{"port":0}}`), code: codeSettingsInvalid, says: []string{isNoPort + "0 " + useWhole}},
		{name: "port 70000", file: good(`{"docker":{"port":70000}}`), code: codeSettingsInvalid, says: []string{isNoPort + "70000 " + useWhole}},
		{name: "port abc", file: good(`{"docker":{"port":"abc"}}`), code: codeSettingsInvalid, says: []string{isNoPort + `"abc" ` + useWhole}},
	}
}

func certificateFaults() []row {
	const cert, key = "protectedSettings.certs.cert: ", "protectedSettings.certs.key: "
	rows := []row{
		{name: string(pki.NoKey), says: []string{"protectedSettings.certs: has ca and cert, but lacks key", "send all three of ca, cert and key"}},
		{name: string(pki.OtherKey), says: []string{key + "is not the private key of protectedSettings.certs.cert", "send the key that the certificate was made with"}},
		{name: string(pki.OtherCA), says: []string{cert + "was not issued by protectedSettings.certs.ca", "send the authority that issued the certificate"}},
		{name: string(pki.Expired), again: true, says: []string{cert + "expired on 20", "make a new certificate and send it"}},
		{name: string(pki.NotYet), says: []string{cert + "is not valid before 20", "check the clock"}},
		{name: string(pki.ClientOnly), says: []string{cert + "is not made for a server", "extendedKeyUsage = serverAuth"}},
		{name: string(pki.Garbage), says: []string{cert + "is neither PEM nor base64 of PEM", "send the"}},
		{name: string(pki.WeakBase64), says: []string{cert + "is base64 of something that is not PEM"}},
		{name: string(pki.Truncated), says: []string{cert + "holds PEM that cannot be read"}},
		{name: string(pki.KeyAsCert), says: []string{cert + "holds a private key"}},
		{name: string(pki.Encrypted), says: []string{key + "is encrypted with a passphrase", "openssl"}},
		{name: string(pki.ManyFaults), says: []string{cert + "expired on 20", key + "is not the private key of"}},
	}
	for i := range rows {
		rows[i].file, rows[i].code = brokenCertificates(pki.Fault(rows[i].name)), codeSettingsInvalid
	}
	return rows
}

// envelopeFaults are those of the file around the settings.
func envelopeFaults() []row {
	const stranger = "0123456789ABCDEF0123456789ABCDEF01234567"
	return []row{
		{name: "wrong thumbprint", again: true, code: codeDecryption, file: enveloped(func(f *agent.File) { *f.Thumbprint = stranger }),
			says: []string{"/var/lib/waagent/" + stranger + ".prv: is not there", "send the settings again"}},
		{name: "no thumbprint", code: codeDecryption, file: enveloped(func(f *agent.File) { f.Thumbprint = nil }),
			says: []string{"protectedSettingsCertThumbprint: is missing", "send the settings again"}},
		{name: "tampered key", again: true, code: codeDecryption, file: enveloped(tampered(inContentKey)),
			says: []string{"protectedSettings: cannot be decrypted: they were changed on their way", ".prv", "send the settings again"}},
		{name: "tampered content", code: codeSettingsInvalid, file: enveloped(tampered(inFirstBlock)),
			says: []string{"protectedSettings: is not JSON from line 1, column 1", "if they are right, they were damaged on their way"}},
		{name: "no CMS", code: codeDecryption, file: enveloped(func(f *agent.File) { *f.Protected = "bm90IENNUw==" }),
			says: []string{"protectedSettings: cannot be decrypted: the content is not a CMS message", "send the settings again"}},
		{name: "file that is not JSON", again: true, code: codeSettingsFile, file: text(`{"runtimeSettings": [{"handlerSettings": {"publicSettings": {"docker"`),
			says: []string{"/config/", ".settings", "is not valid JSON at line 1, column", "send settings that are a JSON object"}},
		{name: "public settings that are not JSON", code: codeSettingsFile,
			file: text(`{"runtimeSettings": [{"handlerSettings": {"publicSettings": "{'docker': {}}"}}]}`),
			says: []string{"publicSettings: is not valid JSON at line 1, column 2", "send settings that are a JSON object"}},
		{name: "protected settings that are not JSON", code: codeSettingsInvalid, file: sealed("{}", `{"certs": {"ca": `),
			says: []string{"protectedSettings: is not JSON from line 1, column", "check the settings with a JSON parser"}},
	}
}

func keyFaults() []row {
	return []row{
		{name: "unknown key", again: true, code: codeSettingsInvalid, file: good(`{"docker":{"prot":2376}}`),
			says: []string{"publicSettings.docker.prot: is not a known key", "use port, the nearest known key"}},
		{name: "unknown key at the top", code: codeSettingsInvalid, file: public(`{"dokcer":{"port":2376}}`),
			says: []string{"publicSettings.dokcer: is not a known key", "use docker, the nearest known key"}},
		{name: "certificates in the public settings", again: true, code: codeSettingsInvalid, file: publicSecrets,
			says: []string{"publicSettings.certs: is a secret", "move it to protectedSettings.certs", "replace it", "publicSettings.login: is a secret", "move it to protectedSettings.login"}},
		{name: "version", code: codeSettingsInvalid, file: public(`{"docker":{"version":">=26.1"}}`),
			says: []string{"publicSettings.docker.version: "}},
		{name: "compose that reads the host's files", again: true, code: codeSettingsInvalid,
			file: public(`{"compose":{"web":{"image":"busybox","env_file":"/etc/shadow"}},"compose-environment":{"DOCKER_HOST":"tcp://10.0.0.1:2375"}}`),
			says: []string{"publicSettings.compose.web.env_file: lies outside of /etc/docker/compose", "publicSettings.compose-environment.DOCKER_HOST: "}},
		{name: "port without certificates, and compose", code: codeSettingsInvalid,
			file: public(`{"docker":{"port":"2375"},"compose":{"agent":{"image":"rancher/agent:latest","restart":"always","privileged":true,` +
				`"volumes":["/var/run/docker.sock:/var/run/docker.sock"],"command":"sleep 100000"}}}`),
			says: []string{"publicSettings.docker.port: needs certificates", "certs", "docker.tls"}},
		{name: "account that is not there", again: true, code: codeSettingsInvalid, file: good(`{"docker":{"port":2376,"users":["root","nobody-here"]}}`),
			says: []string{"publicSettings.docker.users[1]: ", `"nobody-here"`, "name an account that exists on this VM"}},
	}
}

func optionFaults() []row {
	const second = "publicSettings.docker.options[1]: "
	return []row{
		{name: "options that were removed", again: true, code: codeSettingsInvalid,
			file: public(`{"docker":{"port":"2375","options":["--cluster-store=consul://10.0.0.4:8500","--cluster-advertise=eth0:2375"]}}`),
			says: []string{"publicSettings.docker.options[0]: --cluster-store was removed in Docker 23.0", second + "--cluster-advertise was removed in Docker 23.0",
				"swarm", "publicSettings.docker.port: needs certificates", "certs", "docker.tls"}},
		{name: "option that fights another", again: true, code: codeSettingsInvalid, file: good(`{"docker":{"port":2376,"options":["-D","--tlsverify=false"]}}`),
			says: []string{second + "--tlsverify", "docker.tls"}},
		{name: "option that no dockerd knows", code: codeSettingsInvalid, file: good(`{"docker":{"port":2376,"options":["-D","--lable=a=b"]}}`),
			says: []string{second + "--lable is not a flag of dockerd", "use --label, the nearest flag"}},
		{name: "key that no dockerd knows", code: codeSettingsInvalid, file: good(`{"docker":{"port":2376,"daemon":{"labels":["a=b"],"log-optz":{}}}}`),
			says: []string{"publicSettings.docker.daemon.log-optz: is not a key that dockerd reads", "use log-opts, the nearest key"}},
	}
}

func hostFaults() []row {
	again := unsupportedSystem()
	again.again = true
	return []row{
		again,
		{name: "broken daemon.json", again: true, code: codeHostConfig, file: good(`{"docker":{"port":2376}}`),
			breakHost: replacing("/etc/docker/daemon.json", "{\n  \"debug\": true,\n}\n"),
			says:      []string{"/etc/docker/daemon.json: is not JSON (line 3, column 1)", "repair or remove the file"}},
	}
}

func unsupportedSystem() row {
	return row{name: "unsupported system", code: codeUnsupported, file: public(`{}`),
		breakHost: replacing("/usr/lib/os-release", "PRETTY_NAME=\"Fedora Linux 42\"\nID=fedora\nVERSION_ID=42\n"),
		says:      []string{"Fedora Linux 42 is not supported", "use a VM image with Debian 11 or newer, or Ubuntu 20.04 or newer"}}
}

// public gives a settings file with public settings only.
func public(body string) func(*lab) []byte {
	return func(l *lab) []byte { return l.file(l.settings(body, nil)) }
}

// good adds the lab's certificates, so that what is wrong is elsewhere.
func good(body string) func(*lab) []byte {
	return func(l *lab) []byte { return l.file(l.remote(body)) }
}

// sealed gives both parts as they are.
func sealed(public, protected string) func(*lab) []byte {
	return func(l *lab) []byte {
		return l.file(agent.Settings{Public: json.RawMessage(public), Protected: json.RawMessage(protected)})
	}
}

// text gives any bytes.
func text(content string) func(*lab) []byte {
	return func(*lab) []byte { return []byte(content) }
}

func brokenCertificates(fault pki.Fault) func(*lab) []byte {
	return func(l *lab) []byte {
		certs, err := l.keys.Broken(l.ctx(), fault)
		if err != nil {
			l.Fatal(err)
		}
		if certs.Key != "" {
			l.secrets["key of "+string(fault)] = certs.Key
		}
		return l.file(l.settings(`{"docker":{"port":2376}}`, &certs))
	}
}

// publicSecrets gives public settings with a key and a password in them.
func publicSecrets(l *lab) []byte {
	triple := l.keys.Triple()
	l.secrets["password"] = "correct-horse-battery"
	body, err := json.Marshal(map[string]any{
		"certs": map[string]string{"ca": triple.CA, "cert": triple.Cert, "key": triple.Key},
		"login": map[string]string{"username": "robot", "password": l.secrets["password"]},
	})
	if err != nil {
		l.Fatal(err)
	}
	return l.file(agent.Settings{Public: body})
}

// enveloped gives good settings in a file that was changed on its way.
func enveloped(change func(*agent.File)) func(*lab) []byte {
	return func(l *lab) []byte {
		file, err := l.remote(`{"docker":{"port":2376}}`).Seal(l.ctx(), l.agent.Tenant())
		if err != nil {
			l.Fatal(err)
		}
		thumbprint := *file.Thumbprint // the tenant's own
		file.Thumbprint = &thumbprint
		change(&file)
		return l.bytes(file)
	}
}

// tampered changes one bit of the CMS message, at the place that where finds.
func tampered(where func(message []byte) int) func(*agent.File) {
	return func(f *agent.File) {
		message, _ := base64.StdEncoding.DecodeString(*f.Protected)
		message[where(message)] ^= 1
		*f.Protected = base64.StdEncoding.EncodeToString(message)
	}
}

// inContentKey finds the middle of the encrypted content key: 256 bytes after the tag and length of
// an OCTET STRING.
func inContentKey(message []byte) int { return bytes.Index(message, []byte{4, 0x82, 1, 0}) + 128 }

// inFirstBlock finds the initialization vector of 3DES, the 8 bytes after the object identifier of
// the cipher. Each of its bits is a bit of the first block that comes out, and padding and key are
// right: only the reader can tell.
func inFirstBlock(message []byte) int {
	identifier := []byte{6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7, 4, 8}
	return bytes.Index(message, identifier) + len(identifier)
}

func (l *lab) file(s agent.Settings) []byte {
	l.Helper()
	file, err := s.Seal(l.ctx(), l.agent.Tenant())
	if err != nil {
		l.Fatal(err)
	}
	return l.bytes(file)
}

func (l *lab) bytes(file agent.File) []byte {
	l.Helper()
	content, err := file.Bytes()
	if err != nil {
		l.Fatal(err)
	}
	return content
}

// replacing gives a file of the VM another content; what mends it puts everything back.
func replacing(path, content string) func(*lab) func() {
	return func(l *lab) func() {
		old, err := l.vm.ReadFile(path)
		l.write(path, content)
		if err == nil {
			return func() { l.write(path, string(old)) }
		}
		return func() { l.sh("rm " + path + " && rmdir -p --ignore-fail-on-non-empty $(dirname " + path + ")") }
	}
}

func (l *lab) write(path, content string) {
	l.Helper()
	if err := l.vm.WriteFile(path, 0o644, []byte(content)); err != nil {
		l.Fatal(err)
	}
}
