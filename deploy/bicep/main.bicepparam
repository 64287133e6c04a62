using 'main.bicep'

param dnsLabel = 'mydocker'
param clientAddress = '198.51.100.7/32'
param sshPublicKey = 'ssh-ed25519 AAAA... me@example.com'

// Secrets stay in the vault: nothing of them is in this file, or in the deployment's record.
param caCertificate = getSecret('00000000-0000-0000-0000-000000000000', 'shared', 'my-vault', 'docker-ca')
param serverCertificate = getSecret('00000000-0000-0000-0000-000000000000', 'shared', 'my-vault', 'docker-server-cert')
param serverKey = getSecret('00000000-0000-0000-0000-000000000000', 'shared', 'my-vault', 'docker-server-key')
