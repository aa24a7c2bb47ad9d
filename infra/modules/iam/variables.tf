variable "name" {
  description = "Starts the names of the roles."
  type        = string
}

variable "partition" {
  description = "AWS partition, such as aws."
  type        = string
}

variable "region" {
  description = "Region of the resources."
  type        = string
}

variable "account" {
  description = "Account of the resources."
  type        = string
}

variable "bucket_arn" {
  description = "Bucket of originals and results."
  type        = string
}

variable "queue_arn" {
  description = "Queue of tasks."
  type        = string
}

variable "dlq_arn" {
  description = "Dead-letter queue."
  type        = string
}

variable "secret_arn" {
  description = "Secret with the database's user and password."
  type        = string
}

variable "releases_bucket_arn" {
  description = "Bucket of the releases."
  type        = string
}

variable "release_parameter_arn" {
  description = "SSM parameter that names the present release."
  type        = string
}

variable "log_groups" {
  description = "Names of the log groups."
  type        = map(string)
}
