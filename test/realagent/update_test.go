package realagent

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"strings"

	"docker-extension/test/harness/agent"
)

// newer gives a newer version of the package: the zip that DOCKER_EXTENSION_NEWER names, or the same
// one published under another version.
func (l *lab) newer() agent.Package {
	l.Helper()
	file := os.Getenv("DOCKER_EXTENSION_NEWER")
	if file == "" {
		return agent.Package{Version: "99.1.0", Zip: l.pkg.Zip}
	}
	pkg, err := agent.OpenPackage(file)
	if err != nil {
		l.Fatal(err)
	}
	return pkg
}

// otherVersions updates, tries a version that is broken, and goes back. The container answers all
// the while, and neither it nor the engine is another process afterwards.
func (l *lab) otherVersions(web container) {
	engine, installed := l.engine(), l.sh("stat -c '%i %Y' $(readlink -f $(command -v dockerd))")
	stop := l.poll()
	newer := l.newer()
	l.updateTo(newer)
	l.brokenUpdate()
	l.updateTo(l.pkg)
	stop()
	l.wantEngine(engine)
	web.wantUntouched(l)
	if now := l.sh("stat -c '%i %Y' $(readlink -f $(command -v dockerd))"); now != installed {
		l.Errorf("dockerd was installed anew: %s, before %s", now, installed)
	}
}

// updateTo brings us to a version and wants it to be the only one, apart from those whose update
// failed: the agent keeps their folders.
func (l *lab) updateTo(pkg agent.Package) {
	l.Helper()
	l.fabric.Publish(extension, pkg)
	l.goal.Version = pkg.Version
	l.set()
	l.Log(show(l.succeed()))
	left := l.sh("cd /var/lib/waagent && grep -Lx FailedUpgrade " + extension + "-*/config/HandlerState || true")
	if left != extension+"-"+pkg.Version+"/config/HandlerState" {
		l.Errorf("the handlers on the VM are %q", left)
	}
}

const brokenVersion = "99.2.0"

// brokenUpdate goes to a version whose program fails, which is then repaired under the next version.
func (l *lab) brokenUpdate() {
	broken := agent.Package{Version: brokenVersion, Zip: l.withBrokenProgram()}
	l.fabric.Publish(extension, broken)
	l.goal.Version = broken.Version
	l.set()
	r := l.await("the failed update", func(r report) bool { return r.Version == broken.Version && r.Status == "NotReady" })
	l.Log(show(r))
	if r.Code != agent.CodeUpdate || !strings.Contains(r.Message, "broken on purpose") {
		l.Errorf("the agent reports %s", show(r))
	}
	l.updateTo(agent.Package{Version: "99.3.0", Zip: l.pkg.Zip})
}

// withBrokenProgram gives the zip with a program that fails.
func (l *lab) withBrokenProgram() []byte {
	l.Helper()
	return l.rezip(func(name string, content []byte) []byte {
		if strings.HasPrefix(name, "bin/") {
			return []byte("#!/bin/sh\necho broken on purpose >&2\nexit 7\n")
		}
		return content
	})
}

// rezip gives the package's zip with every file passed through change.
func (l *lab) rezip(change func(name string, content []byte) []byte) []byte {
	l.Helper()
	reader, err := zip.NewReader(bytes.NewReader(l.pkg.Zip), int64(len(l.pkg.Zip)))
	if err != nil {
		l.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range reader.File {
		stream, err := entry.Open()
		if err != nil {
			l.Fatal(err)
		}
		content, err := io.ReadAll(stream)
		if err != nil {
			l.Fatal(err)
		}
		files[entry.Name] = string(change(entry.Name, content))
	}
	return l.zip(files)
}

func (l *lab) zip(files map[string]string) []byte {
	l.Helper()
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	for name, content := range files {
		stream, err := writer.Create(name)
		if err != nil {
			l.Fatal(err)
		}
		if _, err := io.WriteString(stream, content); err != nil {
			l.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		l.Fatal(err)
	}
	return archive.Bytes()
}
