output "public_ip" {
  description = "The site's IPv4 address."
  value       = aws_eip.this.public_ip
}

output "allocation_id" {
  description = "To attach it by."
  value       = aws_eip.this.id
}
