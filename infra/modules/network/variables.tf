variable "name" {
  description = "Starts the names of what is made."
  type        = string
}

variable "vpc_cidr" {
  description = "IPv4 range of the VPC."
  type        = string
}
