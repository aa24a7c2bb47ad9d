output "web_profile_name" {
  description = "Instance profile of the web server."
  value       = aws_iam_instance_profile.web.name
}

output "worker_profile_name" {
  description = "Instance profile of the workers."
  value       = aws_iam_instance_profile.worker.name
}

output "rds_monitoring_role_arn" {
  description = "Role of RDS Enhanced Monitoring."
  value       = aws_iam_role.rds_monitoring.arn
  # The database is made only when the role can do its work.
  depends_on = [aws_iam_role_policy_attachment.rds_monitoring]
}

output "operator_policy_arn" {
  description = "Policy for people who run carrete gc and carrete dlq."
  value       = aws_iam_policy.operator.arn
}
