locals {
  notify = var.alarm_email == "" ? [] : [aws_sns_topic.alarms[0].arn]

  # What wakes somebody up: one row each. `for` is minutes (periods of one minute).
  alarms = {
    queue-age = {
      namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = var.queue_name }
      stat      = "Maximum", above = 900, for = 5, missing = "notBreaching"
      why       = "A task has waited for a quarter of an hour: too few workers, or none that works. See the dashboard, then worker_max."
    }
    dead-letters = {
      namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = var.dlq_name }
      stat      = "Maximum", above = 0, for = 1, missing = "notBreaching"
      why       = "A task met a bug of ours. `carrete dlq list` shows it, `carrete dlq redrive` tries it again after a fix."
    }
    database-cpu = {
      namespace = "AWS/RDS", metric = "CPUUtilization", dimensions = { DBInstanceIdentifier = var.db_identifier }
      stat      = "Average", above = 85, for = 15, missing = "notBreaching"
      why       = "The database is busy; a larger db_instance_class is one apply away."
    }
    web-broken = {
      namespace = "AWS/EC2", metric = "StatusCheckFailed", dimensions = { InstanceId = var.web_instance_id }
      stat      = "Maximum", above = 0, for = 3, missing = "breaching"
      why       = "The web server's machine fails its checks; EC2 recovers it by itself if it is the hardware."
    }
    web-disk = {
      namespace = var.name, metric = "disk_used_percent", dimensions = { InstanceId = var.web_instance_id, path = "/" }
      stat      = "Maximum", above = 85, for = 15, missing = "missing"
      why       = "The web server's disk fills up."
    }
    worker-disk = {
      namespace = var.name, metric = "disk_used_percent", dimensions = { AutoScalingGroupName = var.asg_name }
      stat      = "Maximum", above = 90, for = 15, missing = "notBreaching"
      why       = "A worker's disk is nearly full: originals larger than its scratch space? See worker_disk_gb."
    }
    api-5xx = {
      namespace = var.name, metric = "ApiErrors", dimensions = {}
      stat      = "Sum", above = 5, for = 5, missing = "notBreaching"
      why       = "The API answers with errors of its own. Log group ${var.log_groups["api"]} has the request ids."
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_158: encrypted with CloudWatch's own key; logs hold no secret, and a key of our own guards the same readers
  # checkov:skip=CKV_AWS_338: log_days is the operator's choice
  for_each = var.log_groups

  name              = each.value
  retention_in_days = var.log_days
}

resource "aws_cloudwatch_log_metric_filter" "api_errors" {
  name           = "${var.name}-api-errors"
  log_group_name = aws_cloudwatch_log_group.this["nginx"].name
  pattern        = "{ $.status >= 500 }"

  metric_transformation {
    namespace     = var.name
    name          = "ApiErrors"
    value         = "1"
    default_value = "0"
  }
}

# ----------------------------------------------------------------------------------------------- alarms

resource "aws_sns_topic" "alarms" {
  # checkov:skip=CKV_AWS_26: CloudWatch can't publish to a topic with the account's own key, and alarms hold no secret
  count = var.alarm_email == "" ? 0 : 1
  name  = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "mail" {
  count = var.alarm_email == "" ? 0 : 1

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "above" {
  # checkov:skip=CKV_AWS_319: without alarm_email there is nobody to tell
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.why
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.stat
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = each.value.for
  treat_missing_data  = each.value.missing
  alarm_actions       = local.notify
  ok_actions          = local.notify
}

resource "aws_cloudwatch_metric_alarm" "database_storage" {
  alarm_name          = "${var.name}-database-storage"
  alarm_description   = "Less than a tenth of the database's first disk is free. It grows by itself, up to five times."
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  dimensions          = { DBInstanceIdentifier = var.db_identifier }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = var.db_storage_gb * 1024 * 1024 * 1024 / 10
  period              = 60
  evaluation_periods  = 15
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
}

# With worker_min = 0 an empty fleet is fine as long as nothing waits.
resource "aws_cloudwatch_metric_alarm" "no_worker" {
  alarm_name          = "${var.name}-no-worker"
  alarm_description   = "There is work, or worker_min asks for workers, and for ten minutes there was none."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 10
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify

  metric_query {
    id          = "starved"
    label       = "Wanted, and no worker"
    expression  = "IF(FILL(workers, 0) < 1 AND FILL(waiting, 0) + ${var.worker_min} > 0, 1, 0)"
    return_data = true
  }

  metric_query {
    id = "workers"

    metric {
      namespace   = "AWS/AutoScaling"
      metric_name = "GroupInServiceInstances"
      dimensions  = { AutoScalingGroupName = var.asg_name }
      stat        = "Maximum"
      period      = 60
    }
  }

  metric_query {
    id = "waiting"

    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = var.queue_name }
      stat        = "Maximum"
      period      = 60
    }
  }
}

# ----------------------------------------------------------------------------------------------- budget

# Of the whole account: a filter by tag sees nothing until somebody activates the tag for billing.
resource "aws_budgets_budget" "monthly" {
  count = var.monthly_budget_usd > 0 ? 1 : 0

  name         = "${var.name}-monthly"
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  notification {
    comparison_operator        = "GREATER_THAN"
    threshold                  = 80
    threshold_type             = "PERCENTAGE"
    notification_type          = "ACTUAL"
    subscriber_email_addresses = [var.alarm_email]
  }

  notification {
    comparison_operator        = "GREATER_THAN"
    threshold                  = 100
    threshold_type             = "PERCENTAGE"
    notification_type          = "FORECASTED"
    subscriber_email_addresses = [var.alarm_email]
  }
}

# -------------------------------------------------------------------------------------------- dashboard

locals {
  charts = [
    { title = "Work: waiting, running, dead", metrics = [
      ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.queue_name],
      ["AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", var.queue_name],
      ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.dlq_name],
    ] },
    { title = "Age of the oldest task (s)", metrics = [
      ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.queue_name],
    ] },
    { title = "Workers", metrics = [
      ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", var.asg_name],
      ["AWS/AutoScaling", "GroupDesiredCapacity", "AutoScalingGroupName", var.asg_name],
    ] },
    { title = "Workers' CPU (%)", metrics = [
      ["AWS/EC2", "CPUUtilization", "AutoScalingGroupName", var.asg_name],
    ] },
    { title = "Web server: CPU (%), disk (%)", metrics = [
      ["AWS/EC2", "CPUUtilization", "InstanceId", var.web_instance_id],
      [var.name, "disk_used_percent", "InstanceId", var.web_instance_id, "path", "/"],
    ] },
    { title = "Errors of the API", metrics = [
      [var.name, "ApiErrors"],
    ] },
    { title = "Database: CPU (%), connections", metrics = [
      ["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", var.db_identifier],
      ["AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", var.db_identifier],
    ] },
    { title = "Database: free disk (bytes)", metrics = [
      ["AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", var.db_identifier],
    ] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for position, chart in local.charts : {
      type   = "metric"
      x      = 12 * (position % 2)
      y      = 6 * floor(position / 2)
      width  = 12
      height = 6
      properties = {
        title   = chart.title
        region  = var.region
        period  = 60
        stat    = "Maximum"
        view    = "timeSeries"
        metrics = chart.metrics
      }
    }]
  })
}
