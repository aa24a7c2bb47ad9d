# What the configuration decides, planned without any AWS: `terraform test`. What was really applied is
# looked at in tests/infra.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = {
      names = ["eu-west-1c", "eu-west-1a", "eu-west-1b"]
    }
  }

  mock_data "aws_iam_policy_document" {
    defaults = {
      json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
    }
  }

  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }

  mock_data "aws_partition" {
    defaults = {
      partition = "aws"
    }
  }

  mock_data "aws_ami" {
    defaults = {
      id = "ami-0123456789abcdef0"
    }
  }
}

variables {
  allowed_ssh_cidr = "203.0.113.7/32"
}

run "defaults" {
  command = plan

  assert {
    condition     = module.network.zones == tolist(["eu-west-1a", "eu-west-1b"])
    error_message = "The first two zones by name, whatever order AWS gives them in."
  }

  assert {
    condition     = var.web_instance_class == "t3.small" && var.worker_instance_class == "t3.small"
    error_message = "t3.small is the default of both kinds of machine."
  }

  assert {
    condition     = local.visibility_seconds == 60
    error_message = "Messages are hidden for three leases."
  }

  assert {
    condition     = length(module.monitoring.alarm_names) == 9
    error_message = "Nine alarms, with or without somebody to tell."
  }
}

run "queue_follows_the_lease" {
  command = plan

  variables {
    lease_seconds = 45
  }

  assert {
    condition     = local.visibility_seconds == 135
    error_message = "The queue's visibility is derived from the lease."
  }
}

run "https_with_a_name" {
  command = plan

  variables {
    domain_name = "videos.example.org"
  }

  assert {
    condition     = local.site_origin == "https://videos.example.org"
    error_message = "With a name, the site's origin is HTTPS."
  }
}

run "rds_keeps_the_password_unless_one_is_given" {
  command = plan

  assert {
    condition     = module.database.password_is_managed
    error_message = "Without db_password, RDS makes one."
  }
}

run "a_given_password" {
  command = plan

  variables {
    db_password = "correct-horse-battery-staple"
  }

  assert {
    condition     = !module.database.password_is_managed
    error_message = "A given password is used."
  }
}

# ------------------------------------------------------------------------------------ what is refused

run "ssh_from_anywhere_has_to_be_said_twice" {
  command = plan

  variables {
    allowed_ssh_cidr = "0.0.0.0/0"
  }

  expect_failures = [var.allowed_ssh_cidr]
}

run "ssh_from_anywhere_said_twice" {
  command = plan

  variables {
    allowed_ssh_cidr        = "0.0.0.0/0"
    allow_ssh_from_anywhere = true
  }

  assert {
    condition     = module.security.worker_ssh_cidr == "10.20.0.0/16"
    error_message = "Even then, workers are reached from inside the VPC only."
  }
}

run "ssh_range_must_be_one" {
  command = plan

  variables {
    allowed_ssh_cidr = "203.0.113.7"
  }

  expect_failures = [var.allowed_ssh_cidr]
}

run "names_that_aws_refuses" {
  command = plan

  variables {
    project_name          = "Carrete_1"
    db_username           = "postgres"
    web_instance_class    = "small"
    worker_instance_class = "small"
  }

  expect_failures = [var.project_name, var.db_username, var.web_instance_class, var.worker_instance_class]
}

run "weak_passwords" {
  command = plan

  variables {
    db_password = "short"
  }

  expect_failures = [var.db_password]
}

run "passwords_that_rds_refuses" {
  command = plan

  variables {
    db_password = "long-enough-but-with-a/slash"
  }

  expect_failures = [var.db_password]
}

run "more_workers_at_least_than_at_most" {
  command = plan

  variables {
    worker_min = 5
    worker_max = 4
  }

  expect_failures = [var.worker_max]
}

run "a_budget_needs_somebody_to_tell" {
  command = plan

  variables {
    monthly_budget_usd = 50
  }

  expect_failures = [var.monthly_budget_usd]
}

run "a_database_without_backups" {
  command = plan

  variables {
    db_backup_days = 0
  }

  expect_failures = [var.db_backup_days]
}
