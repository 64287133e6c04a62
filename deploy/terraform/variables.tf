variable "location" {
  description = "Region of everything here."
  type        = string
  default     = "westeurope"
}

variable "resource_group" {
  description = "Name of the resource group, which is made."
  type        = string
  default     = "docker"
}

variable "vm_name" {
  description = "Name of the VM."
  type        = string
  default     = "docker"
}

variable "vm_size" {
  description = "Size of the VM."
  type        = string
  default     = "Standard_B2s"
}

variable "dns_label" {
  description = "First part of the VM's name in DNS. The server's certificate has to be for <dns_label>.<location>.cloudapp.azure.com."
  type        = string
}

variable "admin_username" {
  description = "Account on the VM. The extension adds it to the group docker."
  type        = string
  default     = "azureuser"
}

variable "ssh_public_key" {
  description = "SSH public key of the account; RSA or Ed25519."
  type        = string
}

variable "client_address" {
  description = "Address or network from which SSH and the engine may be reached, such as 198.51.100.7/32."
  type        = string
}

variable "docker_port" {
  description = "TCP port of the engine, for clients with a certificate."
  type        = number
  default     = 2376

  validation {
    condition     = var.docker_port >= 1 && var.docker_port <= 65535 && floor(var.docker_port) == var.docker_port
    error_message = "Use a whole number from 1 to 65535; 2376 is the usual one."
  }
}

variable "docker_options" {
  description = "Flags of dockerd."
  type        = list(string)
  default     = ["--label", "role=web", "--log-opt", "max-size=10m"]
}

variable "compose" {
  description = "Compose file, as an object."
  type        = any
  default = {
    services = {
      web = {
        image   = "nginx:stable"
        ports   = ["80:80"]
        restart = "always"
      }
    }
  }
}

variable "ca_certificate" {
  description = "Certificate of the authority that the clients' certificates come from: PEM, or base64 of PEM."
  type        = string
  sensitive   = true
}

variable "server_certificate" {
  description = "Certificate of the engine: PEM, or base64 of PEM."
  type        = string
  sensitive   = true
}

variable "server_key" {
  description = "Private key of the engine's certificate: PEM, or base64 of PEM. Terraform keeps it in its state, so keep the state where only you can read it."
  type        = string
  sensitive   = true
}

variable "extension_publisher" {
  description = "Who published the extension in the gallery."
  type        = string
  default     = "Microsoft.Azure.Extensions"
}

variable "extension_version" {
  description = "Version of the extension: major and minor."
  type        = string
  default     = "0.1"
}
