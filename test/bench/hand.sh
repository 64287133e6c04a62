#!/bin/sh
# What a careful person types to get what the extension gives, with the certificates, the daemon.json and the
# compose file at hand in /root/hand. PACKAGES and the addresses come from the environment. The lines with "=="
# tell the bench where it is.
set -eu
export DEBIAN_FRONTEND=noninteractive

echo '== update'
apt-get update -q
echo '== install'
# shellcheck disable=SC2086 # one word for each package
apt-get install -y -q --no-install-recommends $PACKAGES

echo '== engine'
install -d -m 0755 /etc/docker /etc/systemd/system/docker.socket.d
install -m 0644 /root/hand/ca.pem /root/hand/cert.pem /root/hand/daemon.json /etc/docker/
install -m 0600 /root/hand/key.pem /etc/docker/
cat >/etc/systemd/system/docker.socket.d/tcp.conf <<END
[Socket]
ListenStream=0.0.0.0:2376
END
systemctl daemon-reload
systemctl stop docker.service docker.socket
systemctl start docker.socket docker.service
systemctl is-active --quiet docker.service

if [ -e /root/hand/docker-compose.yml ]; then
	install -d -m 0700 /etc/docker/compose
	install -m 0600 /root/hand/docker-compose.yml /etc/docker/compose/
	cd /etc/docker/compose
	echo '== project'
	if docker compose version >/dev/null 2>&1; then
		docker compose up --detach
	else
		docker-compose up --detach
	fi
fi
