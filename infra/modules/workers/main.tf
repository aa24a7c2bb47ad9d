resource "aws_launch_template" "this" {
  name                   = var.name
  description            = "Carrete's workers"
  image_id               = var.ami_id
  instance_type          = var.instance_class
  user_data              = base64encode(var.user_data)
  update_default_version = true
  ebs_optimized          = true

  iam_instance_profile {
    name = var.profile_name
  }

  network_interfaces {
    associate_public_ip_address = false
    security_groups             = [var.security_group_id]
    delete_on_termination       = true
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  monitoring {
    enabled = true
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.disk_gb
      encrypted             = true
      delete_on_termination = true
    }
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = var.name }
  }

  tag_specifications {
    resource_type = "volume"
    tags          = { Name = var.name }
  }

  lifecycle {
    # As the web server: a newer image comes with the next change, not by itself.
    ignore_changes = [image_id]
  }
}

resource "aws_autoscaling_group" "this" {
  name                      = var.name
  min_size                  = var.min_size
  max_size                  = var.max_size
  vpc_zone_identifier       = [var.subnet_id]
  health_check_type         = "EC2"
  health_check_grace_period = 300
  default_instance_warmup   = 180 # from boot to the first task
  capacity_rebalance        = true
  termination_policies      = ["OldestLaunchTemplate", "ClosestToNextInstanceHour"]
  wait_for_capacity_timeout = "0" # a fleet that has no spot capacity is no reason to fail
  enabled_metrics           = ["GroupDesiredCapacity", "GroupInServiceInstances", "GroupMinSize", "GroupMaxSize", "GroupTerminatingInstances"]

  mixed_instances_policy {
    instances_distribution {
      on_demand_base_capacity                  = var.on_demand_base
      on_demand_percentage_above_base_capacity = 100 - var.spot_percentage
      on_demand_allocation_strategy            = "prioritized"
      spot_allocation_strategy                 = "price-capacity-optimized"
    }

    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.this.id
        version            = "$Latest"
      }

      dynamic "override" {
        for_each = distinct(concat([var.instance_class], var.instance_alternatives))

        content {
          instance_type = override.value
        }
      }
    }
  }

  # In the group from the start: a hook that comes later would miss the first terminations. The machine
  # gives its task back and reports (carrete-drain); if it can't, it ends all the same.
  initial_lifecycle_hook {
    name                 = "drain"
    lifecycle_transition = "autoscaling:EC2_INSTANCE_TERMINATING"
    heartbeat_timeout    = 120
    default_result       = "CONTINUE"
  }

  tag {
    key                 = "Name"
    value               = var.name
    propagate_at_launch = true
  }

  lifecycle {
    ignore_changes = [desired_capacity] # the policy's business
  }
}

# Tasks that wait or run, for each worker in service. Running ones count: else a fleet that is busy with
# its last tasks would look idle and be taken away under them.
resource "aws_autoscaling_policy" "backlog" {
  name                   = "backlog"
  autoscaling_group_name = aws_autoscaling_group.this.name
  policy_type            = "TargetTrackingScaling"

  target_tracking_configuration {
    target_value = var.backlog

    customized_metric_specification {
      metrics {
        id    = "waiting"
        label = "Messages that wait"

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "AWS/SQS"
            metric_name = "ApproximateNumberOfMessagesVisible"

            dimensions {
              name  = "QueueName"
              value = var.queue_name
            }
          }
        }

        return_data = false
      }

      metrics {
        id    = "running"
        label = "Messages in flight"

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "AWS/SQS"
            metric_name = "ApproximateNumberOfMessagesNotVisible"

            dimensions {
              name  = "QueueName"
              value = var.queue_name
            }
          }
        }

        return_data = false
      }

      metrics {
        id    = "workers"
        label = "Workers in service"

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "AWS/AutoScaling"
            metric_name = "GroupInServiceInstances"

            dimensions {
              name  = "AutoScalingGroupName"
              value = aws_autoscaling_group.this.name
            }
          }
        }

        return_data = false
      }

      metrics {
        id    = "backlog"
        label = "Tasks for each worker"
        # Without a worker every task counts as a backlog of its own, so that the first one starts.
        expression  = "(FILL(waiting, 0) + FILL(running, 0)) / IF(FILL(workers, 0) > 0, workers, 1 / ${var.backlog + 1})"
        return_data = true
      }
    }
  }
}
