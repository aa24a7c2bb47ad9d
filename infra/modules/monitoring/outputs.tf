output "dashboard" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "alarm_names" {
  description = "All alarms."
  value = concat(
    [for alarm in aws_cloudwatch_metric_alarm.above : alarm.alarm_name],
    [aws_cloudwatch_metric_alarm.database_storage.alarm_name, aws_cloudwatch_metric_alarm.no_worker.alarm_name],
  )
}
