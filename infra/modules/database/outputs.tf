output "identifier" {
  description = "Its name in RDS."
  value       = aws_db_instance.this.identifier
}

output "host" {
  description = "Name under which it answers; its certificate is for this name."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "Port."
  value       = aws_db_instance.this.port
}

output "database" {
  description = "Name of the database."
  value       = aws_db_instance.this.db_name
}

output "secret_arn" {
  description = "Secret with username and password, as JSON."
  value       = local.given ? aws_secretsmanager_secret.given[0].arn : aws_db_instance.this.master_user_secret[0].secret_arn
}

output "password_is_managed" {
  description = "Whether RDS makes and changes the password."
  value       = !local.given
}
