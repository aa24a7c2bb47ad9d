output "web_id" {
  description = "Group of the web server."
  value       = aws_security_group.web.id
}

output "worker_id" {
  description = "Group of the workers."
  value       = aws_security_group.worker.id
}

output "database_id" {
  description = "Group of the database."
  value       = aws_security_group.database.id
}

output "endpoints_id" {
  description = "Group of the interface endpoints."
  value       = aws_security_group.endpoints.id
}

output "worker_ssh_cidr" {
  description = "From where the workers' port 22 is reached."
  value       = local.worker_ssh_cidr
}
