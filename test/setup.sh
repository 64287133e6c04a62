#!/bin/sh
# Installs the Debian packages behind the commands that the tests call. Nothing happens when all
# commands are there. Without root it only says what is missing: the tests then skip themselves.
set -eu

# One line for each command, or file: its name, and the packages that bring it.
needs='
systemd-nspawn systemd-container
debootstrap    debootstrap
ip             iproute2
iptables       iptables
openssl        openssl
mkfs.ext4      e2fsprogs
gcc            gcc libc6-dev
shellcheck     shellcheck
mandoc         mandoc
zsh            zsh
fish           fish
/usr/share/bash-completion/bash_completion bash-completion
'

PATH=$PATH:/usr/sbin:/sbin

if ! command -v go >/dev/null; then
	echo "setup: Go is missing; install the version that go.mod names: $(grep '^go ' go.mod)" >&2
	exit 1
fi

missing=$(echo "$needs" | while read -r command packages; do
	[ -z "$command" ] || command -v "$command" >/dev/null || [ -e "$command" ] || echo "$packages"
done)
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "setup: not root, so these packages stay missing: $missing" >&2
	exit 0
fi

echo "setup: installing $missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=300 update
# shellcheck disable=SC2086 # one word for each package
apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $missing
