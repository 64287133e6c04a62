// Package deploy judges the files in deploy/: each form of the example is read as its own tool reads it,
// as far as that can be had without Azure, its settings are taken out, and the extension's own room for
// settings says what it thinks of them. Templates of Azure Resource Manager and Bicep are evaluated here,
// by evaluators that know what these files use and fail on anything else; each resource that comes out has to
// fit Microsoft's own model of it, from the SDK for Go, of the same API version. Terraform's files are read by
// HashiCorp's parser and loader, the script runs with a recording az, and cloud-init checks its file in a VM
// (test/e2e).
package deploy
