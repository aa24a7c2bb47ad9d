output "bucket_name" {
  description = "The bucket."
  value       = aws_s3_bucket.this.bucket
}

output "bucket_arn" {
  description = "Its ARN."
  value       = aws_s3_bucket.this.arn
}

output "bucket_origin" {
  description = "Origin of its objects' addresses, for the page's Content-Security-Policy."
  value       = "https://${aws_s3_bucket.this.bucket_regional_domain_name}"
}
