variable "name" {
  description = "Starts the names of the groups."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the groups."
  type        = string
}

variable "vpc_cidr" {
  description = "IPv4 range of the VPC."
  type        = string
}

variable "ssh_cidr" {
  description = "IPv4 range that may reach port 22."
  type        = string
}
