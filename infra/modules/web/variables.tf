variable "name" {
  description = "Tag of the machine."
  type        = string
}

variable "ami_id" {
  description = "Image."
  type        = string
}

variable "instance_class" {
  description = "EC2 type."
  type        = string
}

variable "subnet_id" {
  description = "Public subnet A."
  type        = string
}

variable "security_group_id" {
  description = "Group of the web server."
  type        = string
}

variable "profile_name" {
  description = "Instance profile."
  type        = string
}

variable "allocation_id" {
  description = "The Elastic IP."
  type        = string
}

variable "user_data" {
  description = "Boot script."
  type        = string
}
