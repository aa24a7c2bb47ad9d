variable "name" {
  description = "Starts the names; also the namespace of our own metrics."
  type        = string
}

variable "region" {
  description = "Region of the charts."
  type        = string
}

variable "log_groups" {
  description = "Names of the log groups to make."
  type        = map(string)
}

variable "log_days" {
  description = "Days that logs are kept."
  type        = number
}

variable "alarm_email" {
  description = "Where alarms go; empty for nowhere."
  type        = string
}

variable "monthly_budget_usd" {
  description = "Budget in USD; 0 for none."
  type        = number
}

variable "queue_name" {
  description = "Queue of tasks."
  type        = string
}

variable "dlq_name" {
  description = "Dead-letter queue."
  type        = string
}

variable "asg_name" {
  description = "Autoscaling group of the workers."
  type        = string
}

variable "worker_min" {
  description = "Workers that should always be there."
  type        = number
}

variable "web_instance_id" {
  description = "The web server."
  type        = string
}

variable "db_identifier" {
  description = "The database."
  type        = string
}

variable "db_storage_gb" {
  description = "Its first disk in GiB."
  type        = number
}
