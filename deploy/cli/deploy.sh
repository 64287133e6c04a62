#!/bin/sh
# Makes a VM with a data disk for Docker, opens its ports, and adds the extension. Running it again is
# harmless: az leaves alone what is there.
#
#   DNS_LABEL=mydocker CLIENT_ADDRESS=198.51.100.7/32 CERTS=certs ./deploy.sh
#
# CERTS is a folder with protected.json, as `docker-extension certs --out certs` writes it. The server's
# certificate has to be for $DNS_LABEL.$LOCATION.cloudapp.azure.com.
set -eu

: "${DNS_LABEL:?first part of the name of the VM in DNS}"
: "${CLIENT_ADDRESS:?address or network that may reach SSH and the engine, such as 198.51.100.7/32}"
: "${CERTS:?folder with protected.json}"
GROUP=${GROUP:-docker}
LOCATION=${LOCATION:-westeurope}
VM=${VM:-docker}
PUBLISHER=${PUBLISHER:-Microsoft.Azure.Extensions}
VERSION=${VERSION:-0.1}
DOCKER_PORT=2376 # as in public.json

here=$(dirname "$0")
test -r "$CERTS/protected.json" || { echo "deploy.sh: cannot read $CERTS/protected.json" >&2; exit 1; }

az group create --name "$GROUP" --location "$LOCATION" --output none

az vm create --resource-group "$GROUP" --name "$VM" --location "$LOCATION" \
	--image Debian:debian-12:12-gen2:latest --size Standard_B2s \
	--admin-username azureuser --generate-ssh-keys \
	--data-disk-sizes-gb 32 --custom-data "$here/cloud-init.yaml" \
	--public-ip-sku Standard --public-ip-address-dns-name "$DNS_LABEL" \
	--nsg "$VM-firewall" --nsg-rule NONE --output none

# allow NAME PRIORITY PORT SOURCE opens a port to those who come from SOURCE.
allow() {
	az network nsg rule create --resource-group "$GROUP" --nsg-name "$VM-firewall" \
		--name "$1" --priority "$2" --access Allow --direction Inbound --protocol Tcp \
		--destination-port-ranges "$3" --source-address-prefixes "$4" --output none
}
allow web 100 80 Internet
allow docker 110 "$DOCKER_PORT" "$CLIENT_ADDRESS"
allow ssh 120 22 "$CLIENT_ADDRESS"

az vm extension set --resource-group "$GROUP" --vm-name "$VM" --name DockerExtension \
	--publisher "$PUBLISHER" --version "$VERSION" \
	--settings "$here/public.json" --protected-settings "$CERTS/protected.json" --output none

echo "tcp://$DNS_LABEL.$LOCATION.cloudapp.azure.com:$DOCKER_PORT"
