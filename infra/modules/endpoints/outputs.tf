output "interface_ids" {
  description = "Interface endpoints by service."
  value       = { for service, endpoint in aws_vpc_endpoint.interface : service => endpoint.id }
}

output "s3_id" {
  description = "The gateway endpoint."
  value       = aws_vpc_endpoint.s3.id
}
