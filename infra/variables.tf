# ------------------------------------------------------------------------------- what must be decided

variable "project_name" {
  description = "Starts the name of everything that is made, and tags it."
  type        = string
  default     = "carrete"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.project_name))
    error_message = "project_name is 3 to 24 lower-case letters, digits and hyphens; it starts with a letter and does not end with a hyphen (bucket and role names are made of it)."
  }
}

variable "allowed_ssh_cidr" {
  description = "IPv4 range that may reach port 22, such as 203.0.113.7/32. Session Manager works without it."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrhost(var.allowed_ssh_cidr, 0)) && !strcontains(var.allowed_ssh_cidr, ":")
    error_message = "allowed_ssh_cidr is an IPv4 range in CIDR form, such as 203.0.113.7/32."
  }

  validation {
    condition     = !endswith(var.allowed_ssh_cidr, "/0") || var.allow_ssh_from_anywhere
    error_message = "A range that ends with /0 opens SSH to the whole internet. If that is really meant, say it twice: allow_ssh_from_anywhere = true."
  }
}

variable "allow_ssh_from_anywhere" {
  description = "The second yes that allowed_ssh_cidr = \"0.0.0.0/0\" needs."
  type        = bool
  default     = false
  nullable    = false
}

variable "db_username" {
  description = "Name of the database's user."
  type        = string
  default     = "carrete"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,15}$", var.db_username)) && !contains(["admin", "postgres", "rdsadmin", "user", "public"], var.db_username)
    error_message = "db_username is 1 to 16 lower-case letters, digits and underscores, starts with a letter, and is not one that RDS reserves (admin, postgres, rdsadmin, user, public)."
  }
}

variable "db_password" {
  description = "Password of the database's user. Leave it out: RDS then makes one, keeps it in Secrets Manager and changes it by itself. Neither way puts it into the state or user-data."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.db_password == null || can(regex("^[!-.0-?A-~]{16,128}$", var.db_password)) && !can(regex("[\"\\\\']", var.db_password))
    error_message = "db_password is 16 to 128 printable ASCII characters without space, slash, at sign, quotes or backslash (RDS refuses some of them)."
  }
}

variable "db_password_version" {
  description = "Raise it to make Terraform send a changed db_password: it can't see the old one."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.db_password_version >= 1 && floor(var.db_password_version) == var.db_password_version
    error_message = "db_password_version is a whole number from 1."
  }
}

variable "web_instance_class" {
  description = "EC2 type of the web server (x86-64)."
  type        = string
  default     = "t3.small"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.web_instance_class))
    error_message = "web_instance_class is an EC2 instance type such as t3.small."
  }
}

variable "worker_instance_class" {
  description = "EC2 type of the workers (x86-64). For steady work take a compute type such as c7a.large: docs/deploy.md has the arithmetic."
  type        = string
  default     = "t3.small"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", var.worker_instance_class))
    error_message = "worker_instance_class is an EC2 instance type such as t3.small."
  }
}

# ------------------------------------------------------------------------------------------- the place

variable "aws_region" {
  description = "Region of everything."
  type        = string
  default     = "eu-west-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region is a region's code, such as eu-west-1."
  }
}

variable "vpc_cidr" {
  description = "IPv4 range of the VPC. Its subnets are eighths and sixteenths of it."
  type        = string
  default     = "10.20.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 8, 0)) && can(regex("^(10|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.", var.vpc_cidr))
    error_message = "vpc_cidr is a private IPv4 range of /20 or wider."
  }
}

variable "ami_id" {
  description = "Debian 12 image (amd64) to use; the newest official one when it is not given."
  type        = string
  default     = null

  validation {
    condition     = var.ami_id == null || can(regex("^ami-[0-9a-f]{8,17}$", var.ami_id))
    error_message = "ami_id looks like ami-0123456789abcdef0."
  }
}

variable "interface_endpoints" {
  description = "Services that the private subnet reaches without the NAT gateway, besides SQS and S3. Each costs some 8 USD a month; without them Session Manager and Secrets Manager go through the NAT gateway."
  type        = set(string)
  default     = ["secretsmanager", "ssm", "ssmmessages", "ec2messages"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.interface_endpoints, ["secretsmanager", "ssm", "ssmmessages", "ec2messages", "logs", "monitoring", "autoscaling"])) == 0
    error_message = "interface_endpoints may hold secretsmanager, ssm, ssmmessages, ec2messages, logs, monitoring and autoscaling; SQS and S3 are always there."
  }
}

# ------------------------------------------------------------------------------------ what is served

variable "domain_name" {
  description = "Name of the site, such as videos.example.org: HTTPS with a certificate from Let's Encrypt. Without it the site is plain HTTP on the address, for a trial only."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.domain_name == "" || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain_name))
    error_message = "domain_name is a full name in lower case, such as videos.example.org."
  }
}

variable "acme_email" {
  description = "Where Let's Encrypt writes when a certificate is about to end."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.acme_email == "" || can(regex("^[^@\\s']+@[^@\\s']+\\.[^@\\s']+$", var.acme_email))
    error_message = "acme_email is a mail address."
  }
}

variable "route53_zone_id" {
  description = "Hosted zone in which to make the site's A record. Without it, make the record yourself: the output next_steps says which."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.route53_zone_id == "" || (can(regex("^Z[A-Z0-9]+$", var.route53_zone_id)) && var.domain_name != "")
    error_message = "route53_zone_id looks like Z0123456789ABC, and needs domain_name."
  }
}

variable "release_artefact" {
  description = "The first release, as `make release` made it. Later ones go out with `make deploy`, without Terraform."
  type        = string
  default     = "../build/carrete-release.tar.gz"
  nullable    = false
}

# --------------------------------------------------------------------------------------------- workers

variable "worker_min" {
  description = "Workers that always run. 0 lets the fleet go to nothing when idle; the first video then waits for a machine to boot."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.worker_min >= 0 && var.worker_min <= 100 && floor(var.worker_min) == var.worker_min
    error_message = "worker_min is a whole number from 0 to 100."
  }
}

variable "worker_max" {
  description = "Most workers at once: the bound of what the fleet can cost."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.worker_max >= 1 && var.worker_max >= var.worker_min && var.worker_max <= 500 && floor(var.worker_max) == var.worker_max
    error_message = "worker_max is a whole number from 1 to 500, and at least worker_min."
  }
}

variable "worker_spot_percentage" {
  description = "Share of the workers above worker_on_demand_base that are spot instances, in per cent. A worker that is taken away costs a chunk of some seconds, nothing else."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.worker_spot_percentage >= 0 && var.worker_spot_percentage <= 100 && floor(var.worker_spot_percentage) == var.worker_spot_percentage
    error_message = "worker_spot_percentage is a whole number from 0 to 100."
  }
}

variable "worker_on_demand_base" {
  description = "Workers that are never spot instances, counted first."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.worker_on_demand_base >= 0 && var.worker_on_demand_base <= 100
    error_message = "worker_on_demand_base is from 0 to 100."
  }
}

variable "worker_instance_alternatives" {
  description = "Other types that will do when there is no spot capacity of worker_instance_class: as many cores and as much memory."
  type        = list(string)
  default     = ["t3a.small", "t2.small"]
  nullable    = false

  validation {
    condition     = length(var.worker_instance_alternatives) <= 10 && alltrue([for name in var.worker_instance_alternatives : can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", name))])
    error_message = "worker_instance_alternatives has up to 10 EC2 instance types."
  }
}

variable "worker_backlog" {
  description = "Tasks, waiting and running, that each worker should have. Fewer: sooner done and dearer."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.worker_backlog >= 1 && var.worker_backlog <= 1000
    error_message = "worker_backlog is from 1 to 1000."
  }
}

variable "worker_disk_gb" {
  description = "Disk of a worker in GiB. Two thirds of it hold originals while they are worked on."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.worker_disk_gb >= 20 && var.worker_disk_gb <= 16384
    error_message = "worker_disk_gb is from 20 to 16384."
  }
}

variable "lease_seconds" {
  description = "Seconds that a worker holds a task unheard. The queue hides messages for three times as long."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.lease_seconds >= 5 && var.lease_seconds <= 3600
    error_message = "lease_seconds is from 5 to 3600."
  }
}

# -------------------------------------------------------------------------------------------- database

variable "db_instance_class" {
  description = "RDS class."
  type        = string
  default     = "db.t4g.micro"
  nullable    = false

  validation {
    condition     = can(regex("^db\\.[a-z0-9-]+\\.[a-z0-9]+$", var.db_instance_class))
    error_message = "db_instance_class is an RDS class such as db.t4g.micro."
  }
}

variable "db_engine_version" {
  description = "PostgreSQL's major version on RDS."
  type        = string
  default     = "17"
  nullable    = false

  validation {
    condition     = contains(["15", "16", "17", "18"], var.db_engine_version)
    error_message = "db_engine_version is 15, 16, 17 or 18."
  }
}

variable "db_storage_gb" {
  description = "Disk of the database in GiB; it grows by itself to five times as much."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.db_storage_gb >= 20 && var.db_storage_gb <= 10000
    error_message = "db_storage_gb is from 20 to 10000."
  }
}

variable "db_multi_az" {
  description = "A standby in the second zone. Doubles the database's price; a failure then costs a minute instead of a restore."
  type        = bool
  default     = false
  nullable    = false
}

variable "db_backup_days" {
  description = "Days that automated backups are kept."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.db_backup_days >= 1 && var.db_backup_days <= 35
    error_message = "db_backup_days is from 1 to 35: the database is never without backups."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the database. `infra/bin/destroy` turns it off when you confirm."
  type        = bool
  default     = true
  nullable    = false
}

variable "keep_data_on_destroy" {
  description = "Destroying leaves a last snapshot of the database, and refuses to delete buckets that hold anything."
  type        = bool
  default     = true
  nullable    = false
}

# --------------------------------------------------------------------------------------------- storage

variable "archive_originals_after_days" {
  description = "Days after which originals move to Glacier Instant Retrieval (read at once, but 0.03 USD/GB to read); 0: never."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.archive_originals_after_days == 0 || (var.archive_originals_after_days >= 30 && var.archive_originals_after_days <= 3650)
    error_message = "archive_originals_after_days is 0, or from 30 to 3650."
  }
}

variable "old_version_days" {
  description = "Days that deleted and overwritten objects can be brought back."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.old_version_days >= 1 && var.old_version_days <= 365
    error_message = "old_version_days is from 1 to 365."
  }
}

# ------------------------------------------------------------------------------------------- watching

variable "alarm_email" {
  description = "Where alarms and the budget's warnings go. AWS sends a mail that has to be confirmed."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.alarm_email == "" || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email is a mail address."
  }
}

variable "monthly_budget_usd" {
  description = "Warn at 80 % of this sum and when the month's forecast goes over it; 0: no budget. Needs alarm_email."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.monthly_budget_usd == 0 || (var.monthly_budget_usd > 0 && var.alarm_email != "")
    error_message = "monthly_budget_usd is 0, or a sum in USD together with alarm_email."
  }
}

variable "log_days" {
  description = "Days that logs are kept in CloudWatch."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400], var.log_days)
    error_message = "log_days is one of CloudWatch's retention times: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 or 400."
  }
}
