output "docker_host" {
  description = "What a docker client is pointed at."
  value       = "tcp://${azurerm_public_ip.main.fqdn}:${var.docker_port}"
}

output "website" {
  description = "What the container serves."
  value       = "http://${azurerm_public_ip.main.fqdn}/"
}
