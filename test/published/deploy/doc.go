// Package deploy judges the files in deploy/: each form of the example is read as its own tool reads it,
// as far as that can be had without Azure, its settings are taken out, and the extension's own room for
// settings says what it thinks of them. Templates of Azure Resource Manager and Bicep are evaluated here,
// by evaluators that know what these files use and fail on anything else; Terraform's files are read by
// HashiCorp's parser, the script runs with a recording az, and cloud-init checks its file in a VM
// (test/e2e).
package deploy
