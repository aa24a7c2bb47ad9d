output "instance_id" {
  description = "The web server."
  value       = aws_instance.this.id
}
