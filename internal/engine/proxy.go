package engine

import (
	"strings"

	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// The engine's way to the outside. systemd shows the Environment= of a unit to every user of the
// host, and an address may carry a password: so the unit names a file that only root can read.
const (
	ProxyFile     = "/etc/docker/docker-extension-proxy.env"
	ServiceDropIn = "/etc/systemd/system/docker.service.d/50-docker-extension.conf"
)

// proxyFiles gives the two files; none without a proxy. The key proxies of daemon.json would do from
// Docker 23.0 on, but which version comes is not known before the engine's first start.
func proxyFiles(s settings.Settings) map[string]state.File {
	proxy := s.Docker.Proxy
	if s.InstallOnly || proxy == (state.Proxy{}) {
		return nil
	}
	var env strings.Builder
	env.WriteString("# Written by the Docker VM extension from docker.proxy in its settings; changes here are overwritten.\n")
	for _, line := range []struct{ name, value string }{
		{"HTTP_PROXY", proxy.HTTP.Reveal()}, {"HTTPS_PROXY", proxy.HTTPS.Reveal()}, {"NO_PROXY", proxy.No},
	} {
		if line.value != "" {
			env.WriteString(line.name + "=" + quotedValue(line.value) + "\n")
		}
	}
	dropIn := "# Written by the Docker VM extension from docker.proxy in its settings; changes here are overwritten.\n" +
		"[Service]\nEnvironmentFile=-" + ProxyFile + "\n"
	return map[string]state.File{
		ProxyFile:     {Exists: true, Mode: 0o600, Content: []byte(env.String())},
		ServiceDropIn: {Exists: true, Mode: 0o644, Content: []byte(dropIn)},
	}
}

// quotedValue writes a value for systemd.exec(5), EnvironmentFile=: in double quotes, where a
// backslash stands before what has a meaning.
func quotedValue(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(value) + `"`
}

// proxyPieces are what the service reads of its proxy at its start; none without one, so that the
// digest of a host that never had a proxy stays what it was.
func proxyPieces(files map[string]state.File) [][]byte {
	var pieces [][]byte
	for _, p := range []string{ServiceDropIn, ProxyFile} {
		if f := files[p]; f.Exists {
			pieces = append(pieces, []byte(p), f.Content)
		}
	}
	return pieces
}
