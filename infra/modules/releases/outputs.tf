output "bucket_name" {
  description = "Bucket of the releases."
  value       = aws_s3_bucket.this.bucket
}

output "bucket_arn" {
  description = "Its ARN."
  value       = aws_s3_bucket.this.arn
}

output "parameter_name" {
  description = "SSM parameter that names the present release."
  value       = aws_ssm_parameter.release.name
}

output "parameter_arn" {
  description = "Its ARN."
  value       = aws_ssm_parameter.release.arn
}

output "first_release" {
  description = "Release that was there at the first apply, or none."
  value       = local.release
}
