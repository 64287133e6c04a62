// A VM that is a Docker host: its engine answers clients with a certificate, and a web server runs in
// a container. The same as arm/azuredeploy.json.

targetScope = 'resourceGroup'

@description('Region of everything here.')
param location string = resourceGroup().location

@description('Name of the VM.')
param vmName string = 'docker'

@description('Size of the VM.')
param vmSize string = 'Standard_B2s'

@description('First part of the VM\'s name in DNS. The server\'s certificate has to be for <dnsLabel>.<location>.cloudapp.azure.com.')
param dnsLabel string

@description('Account on the VM. The extension adds it to the group docker.')
param adminUsername string = 'azureuser'

@description('SSH public key of the account.')
param sshPublicKey string

@description('Address or network from which SSH and the engine may be reached, such as 198.51.100.7/32.')
param clientAddress string

@description('TCP port of the engine, for clients with a certificate.')
@minValue(1)
@maxValue(65535)
param dockerPort int = 2376

@description('Flags of dockerd.')
param dockerOptions array = [
  '--label'
  'role=web'
  '--log-opt'
  'max-size=10m'
]

@description('Compose file, as an object.')
param compose object = {
  services: {
    web: {
      image: 'nginx:stable'
      ports: [
        '80:80'
      ]
      restart: 'always'
    }
  }
}

@description('Certificate of the authority that the clients\' certificates come from: PEM, or base64 of PEM.')
@secure()
param caCertificate string

@description('Certificate of the engine: PEM, or base64 of PEM.')
@secure()
param serverCertificate string

@description('Private key of the engine\'s certificate: PEM, or base64 of PEM.')
@secure()
param serverKey string

@description('Who published the extension in the gallery.')
param extensionPublisher string = 'Microsoft.Azure.Extensions'

@description('Version of the extension: major and minor.')
param extensionVersion string = '0.1'

resource firewall 'Microsoft.Network/networkSecurityGroups@2025-01-01' = {
  name: '${vmName}-firewall'
  location: location
  properties: {
    securityRules: [
      {
        name: 'web'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '80'
        }
      }
      {
        name: 'docker'
        properties: {
          priority: 110
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: clientAddress
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: string(dockerPort)
        }
      }
      {
        name: 'ssh'
        properties: {
          priority: 120
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: clientAddress
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '22'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2025-01-01' = {
  name: '${vmName}-network'
  location: location
  properties: {
    addressSpace: {
      addressPrefixes: [
        '10.10.0.0/16'
      ]
    }
    subnets: [
      {
        name: 'hosts'
        properties: {
          addressPrefix: '10.10.1.0/24'
          networkSecurityGroup: {
            id: firewall.id
          }
        }
      }
    ]
  }
}

resource address 'Microsoft.Network/publicIPAddresses@2025-01-01' = {
  name: '${vmName}-address'
  location: location
  sku: {
    name: 'Standard'
  }
  properties: {
    publicIPAllocationMethod: 'Static'
    dnsSettings: {
      domainNameLabel: dnsLabel
    }
  }
}

resource card 'Microsoft.Network/networkInterfaces@2025-01-01' = {
  name: '${vmName}-card'
  location: location
  properties: {
    ipConfigurations: [
      {
        name: 'main'
        properties: {
          privateIPAllocationMethod: 'Dynamic'
          publicIPAddress: {
            id: address.id
          }
          subnet: {
            id: network.properties.subnets[0].id
          }
        }
      }
    ]
  }
}

resource vm 'Microsoft.Compute/virtualMachines@2025-04-01' = {
  name: vmName
  location: location
  properties: {
    hardwareProfile: {
      vmSize: vmSize
    }
    storageProfile: {
      imageReference: {
        publisher: 'Debian'
        offer: 'debian-12'
        sku: '12-gen2'
        version: 'latest'
      }
      osDisk: {
        createOption: 'FromImage'
        managedDisk: {
          storageAccountType: 'StandardSSD_LRS'
        }
      }
    }
    osProfile: {
      computerName: vmName
      adminUsername: adminUsername
      linuxConfiguration: {
        disablePasswordAuthentication: true
        ssh: {
          publicKeys: [
            {
              path: '/home/${adminUsername}/.ssh/authorized_keys'
              keyData: sshPublicKey
            }
          ]
        }
      }
    }
    networkProfile: {
      networkInterfaces: [
        {
          id: card.id
        }
      ]
    }
  }
}

resource docker 'Microsoft.Compute/virtualMachines/extensions@2025-04-01' = {
  parent: vm
  name: 'docker'
  location: location
  properties: {
    publisher: extensionPublisher
    type: 'DockerExtension'
    typeHandlerVersion: extensionVersion
    autoUpgradeMinorVersion: true
    settings: {
      docker: {
        port: dockerPort
        options: dockerOptions
      }
      compose: compose
    }
    protectedSettings: {
      certs: {
        ca: caCertificate
        cert: serverCertificate
        key: serverKey
      }
    }
  }
}

output dockerHost string = 'tcp://${address.properties.dnsSettings.fqdn}:${dockerPort}'
output website string = 'http://${address.properties.dnsSettings.fqdn}/'
