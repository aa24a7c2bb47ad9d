variable "name" {
  description = "Identifier of the database."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in two zones."
  type        = list(string)
}

variable "availability_zone" {
  description = "Zone of a database without a standby."
  type        = string
}

variable "security_group_id" {
  description = "Who may connect."
  type        = string
}

variable "monitoring_role_arn" {
  description = "Role of Enhanced Monitoring."
  type        = string
}

variable "engine_version" {
  description = "PostgreSQL's major version."
  type        = string
}

variable "instance_class" {
  description = "RDS class."
  type        = string
}

variable "storage_gb" {
  description = "Disk in GiB."
  type        = number
}

variable "multi_az" {
  description = "A standby in the second zone."
  type        = bool
}

variable "backup_days" {
  description = "Days that automated backups are kept."
  type        = number
}

variable "username" {
  description = "The database's user."
  type        = string
}

variable "password" {
  description = "Its password; null lets RDS make and keep one."
  type        = string
  sensitive   = true
}

variable "password_version" {
  description = "Number of the given password."
  type        = number
}

variable "deletion_protection" {
  description = "Refuse deletion."
  type        = bool
}

variable "keep_snapshot" {
  description = "Leave a snapshot and the backups when it is deleted."
  type        = bool
}
