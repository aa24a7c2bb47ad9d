variable "name" {
  description = "Name of the group and of its launch template."
  type        = string
}

variable "ami_id" {
  description = "Image."
  type        = string
}

variable "instance_class" {
  description = "First choice of EC2 type."
  type        = string
}

variable "instance_alternatives" {
  description = "Other EC2 types that will do."
  type        = list(string)
}

variable "subnet_id" {
  description = "Private subnet A."
  type        = string
}

variable "security_group_id" {
  description = "Group of the workers."
  type        = string
}

variable "profile_name" {
  description = "Instance profile."
  type        = string
}

variable "disk_gb" {
  description = "Disk in GiB."
  type        = number
}

variable "min_size" {
  description = "Fewest workers."
  type        = number
}

variable "max_size" {
  description = "Most workers."
  type        = number
}

variable "on_demand_base" {
  description = "Workers that are never spot instances."
  type        = number
}

variable "spot_percentage" {
  description = "Share of the others that are, in per cent."
  type        = number
}

variable "backlog" {
  description = "Tasks that each worker should have."
  type        = number
}

variable "queue_name" {
  description = "Queue whose length counts."
  type        = string
}

variable "user_data" {
  description = "Boot script."
  type        = string
}
