output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "zones" {
  description = "The two availability zones; the first has everything but the second database subnet."
  value       = local.zones
}

output "public_subnet_id" {
  description = "Public subnet A."
  value       = aws_subnet.public_a.id
}

output "worker_subnet_id" {
  description = "Private subnet A."
  value       = aws_subnet.private_a.id
}

output "database_subnet_ids" {
  description = "Private subnets B, in two zones."
  value       = aws_subnet.private_b[*].id
}

output "route_table_ids" {
  description = "Tables through which S3 is reached by the gateway endpoint."
  value       = [aws_route_table.public.id, aws_route_table.private.id]
}
