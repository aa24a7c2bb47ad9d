output "queue_name" {
  description = "Name of the queue of tasks."
  value       = aws_sqs_queue.tasks.name
}

output "queue_url" {
  description = "URL of the queue of tasks."
  value       = aws_sqs_queue.tasks.url
}

output "queue_arn" {
  description = "ARN of the queue of tasks."
  value       = aws_sqs_queue.tasks.arn
}

output "dlq_name" {
  description = "Name of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.name
}

output "dlq_url" {
  description = "URL of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.url
}

output "dlq_arn" {
  description = "ARN of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.arn
}
