package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
)

// A real repository, signed with GnuPG and served on the VM's loopback. It has the distribution's
// engine under the names of Docker's packages, in three versions.

// repositoryURL is where the VM serves it.
const repositoryURL = "http://127.0.0.1:8765"

// The versions in it, as apt knows them.
const (
	older  = "5:26.1.1-1~test"
	newer  = "5:26.1.9-1~test"
	newest = "5:27.0.3-1~test"
)

// repack makes the packages. Files of the configuration are left out: the distribution's package, once
// removed, still owns them. dpkg-deb does not compress, to save time.
const repack = `set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends apt-utils gnupg >/dev/null
mkdir -p /srv/work /srv/repo/pool && cd /srv/work && chmod 777 .
apt-get -qq download docker.io containerd runc $CLI
for deb in *.deb; do dpkg-deb -R "$deb" "${deb%%_*}"; done
arch=$(dpkg --print-architecture)
rm -rf docker.io/etc docker.io/DEBIAN/conffiles docker.io/DEBIAN/md5sums containerd/etc containerd/DEBIAN/conffiles containerd/DEBIAN/md5sums
mkdir -p cli/DEBIAN cli/usr/bin
mv $(ls docker-cli/usr/bin/docker docker.io/usr/bin/docker 2>/dev/null | head -1) cli/usr/bin/docker
cp -a runc/usr/. containerd/usr/
build() { # folder, version; the rest of the control file comes by standard input
  { cat; echo "Version: $2"; echo "Architecture: $arch"; echo 'Maintainer: Nobody <nobody@example.com>'; echo 'Description: a test'; } >"$1/DEBIAN/control"
  dpkg-deb -Znone --root-owner-group -b "$1" /srv/repo/pool >/dev/null
}
depends=$(sed -n 's/^Depends: //p' docker.io/DEBIAN/control | tr ',' '\n' | grep -vE '^ *(docker-cli|containerd|runc|tini)' | paste -sd,)
for version in $VERSIONS; do
  build docker.io "$version" <<END
Package: docker-ce
Depends: docker-ce-cli, containerd.io, $depends
Conflicts: docker.io
END
  build cli "$version" <<END
Package: docker-ce-cli
Conflicts: docker.io, docker-cli
END
done
build containerd 1.9.9-1 <<END
Package: containerd.io
Depends: libc6
Provides: containerd, runc
Conflicts: containerd, runc
Replaces: containerd, runc
END
mkdir -p docker-compose-plugin
if [ -d docker-compose ]; then mv docker-compose/usr docker-compose-plugin/usr; fi
for plugin in docker-buildx-plugin docker-compose-plugin; do
  mkdir -p $plugin/DEBIAN && echo "Package: $plugin" | build $plugin 1.0-1~test
done
rm -rf /srv/work`

// publish makes the suites: good, the same again, one that nobody signed, and one whose key has expired. Each
// has the same packages in two components.
const publish = `set -eu
cd /srv/repo
export GNUPGHOME=/srv/gnupg; mkdir -p -m 700 $GNUPGHOME
arch=$(dpkg --print-architecture)
for suite in good again unsigned expired; do
  for component in stable edge; do
    mkdir -p dists/$suite/$component/binary-$arch
    [ -s /srv/Packages ] || apt-ftparchive packages pool >/srv/Packages
    cp /srv/Packages dists/$suite/$component/binary-$arch/Packages
  done
  apt-ftparchive -o APT::FTPArchive::Release::Suite=$suite -o APT::FTPArchive::Release::Codename=$suite \
    -o APT::FTPArchive::Release::Components="stable edge" -o APT::FTPArchive::Release::Architectures=$arch release dists/$suite >/srv/Release
  mv /srv/Release dists/$suite/Release
done
gpg='gpg --batch --quiet --pinentry-mode loopback --passphrase='
$gpg --quick-gen-key good@example.com rsa2048 sign never
$gpg --quick-gen-key other@example.com rsa2048 sign never
then=$(date -d '2 years ago' +%Y%m%dT%H%M%S)
$gpg --faked-system-time $then! --quick-gen-key expired@example.com rsa2048 sign 1y
for suite in good again; do $gpg --local-user good@example.com --clearsign --output dists/$suite/InRelease dists/$suite/Release; done
$gpg --faked-system-time $then! --local-user expired@example.com --clearsign --output dists/expired/InRelease dists/expired/Release
for key in good other expired; do gpg --armor --export $key@example.com >$key.asc; done
systemd-run --quiet --unit=repository busybox httpd -f -p 8765 -h /srv/repo`

// serveRepository builds, signs and serves the repository.
func (l *lab) serveRepository() {
	l.Helper()
	cli := ""
	if l.vm.Suite() != "bookworm" {
		cli = "docker-cli docker-compose" // where compose is a plugin
	}
	l.sh(fmt.Sprintf("CLI='%s' VERSIONS='%s %s %s'\n%s", cli, older, newer, newest, repack))
	l.sh(publish)
	l.sh("for i in $(seq 600); do curl -sf " + repositoryURL + "/good.asc >/dev/null && exit 0; sleep 0.1; done; exit 1")
}

// key gives one of the repository's keys, armoured.
func (l *lab) key(name string) string {
	l.Helper()
	return l.sh("cat /srv/repo/" + name + ".asc")
}

func (l *lab) fingerprint(name string) string {
	l.Helper()
	return l.sh("gpg --homedir /srv/gnupg --with-colons --list-keys " + name + "@example.com 2>/dev/null | awk -F: '/^fpr/ {print $10; exit}'")
}

// source gives docker settings with a mirror, and more keys beside it.
func (l *lab) source(mirror map[string]any, more map[string]any) string {
	l.Helper()
	docker := map[string]any{"source": mirror}
	for k, v := range more {
		docker[k] = v
	}
	text, err := json.Marshal(map[string]any{"docker": docker})
	if err != nil {
		l.Fatal(err)
	}
	return string(text)
}

// mirror is the good suite, with its key as text.
func (l *lab) mirror() map[string]any {
	l.Helper()
	return map[string]any{"url": repositoryURL, "suite": "good", "key": l.key("good")}
}

// signature is what a host has that the settings decide: packages of every kind of engine with their
// versions and holds, and the files.
func (l *lab) signature() string {
	l.Helper()
	return l.sh(`dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' | grep -E '^(h|i)i +(docker|containerd|runc|moby)' || true
		find /etc/docker /etc/apt/sources.list.d /etc/apt/keyrings /etc/systemd/system/docker* -type f ! -name key.json 2>/dev/null | sort | while read -r f; do
			echo "$f $(stat -c '%a %U:%G' "$f") $(sha256sum <"$f")"; done
		systemctl is-active docker.service docker.socket; systemctl is-enabled docker.service docker.socket; true`)
}

// versionOf gives the version of an installed package; "" if it is not installed.
func (l *lab) versionOf(name string) string {
	l.Helper()
	out := l.sh("dpkg-query -W -f '${db:Status-Status} ${Version}' " + name + " 2>/dev/null || true")
	version, installed := strings.CutPrefix(out, "installed ")
	if !installed {
		return ""
	}
	return version
}

// wantVersions wants packages at these versions; "" for one that is not there.
func (l *lab) wantVersions(want map[string]string) {
	l.Helper()
	for name, version := range want {
		if got := l.versionOf(name); got != version {
			l.Errorf("%s is at version %q, want %q", name, got, version)
		}
	}
}
