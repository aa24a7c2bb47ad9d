variable "name" {
  description = "Starts the tags."
  type        = string
}

variable "region" {
  description = "Region of the services."
  type        = string
}

variable "vpc_id" {
  description = "VPC."
  type        = string
}

variable "subnet_id" {
  description = "Subnet of the interface endpoints."
  type        = string
}

variable "route_table_ids" {
  description = "Tables that get the way to S3."
  type        = list(string)
}

variable "security_group_id" {
  description = "Group of the interface endpoints."
  type        = string
}

variable "services" {
  description = "Services with an interface endpoint, by the last part of their names."
  type        = set(string)
}

variable "bucket_arns" {
  description = "Buckets that may be reached through the gateway endpoint."
  type        = list(string)
}
