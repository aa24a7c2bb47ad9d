variable "name" {
  description = "Tag of the address."
  type        = string
}

variable "domain_name" {
  description = "Name of the site; empty when it has none."
  type        = string
}

variable "route53_zone_id" {
  description = "Zone in which to make its A record; empty for none."
  type        = string
}
