variable "bucket_name" {
  description = "Name of the bucket."
  type        = string
}

variable "site_origin" {
  description = "The one origin whose page may read and write objects."
  type        = string
}

variable "archive_after_days" {
  description = "Days until originals are archived; 0: never."
  type        = number
  default     = 0
}

variable "old_version_days" {
  description = "Days that old versions are kept."
  type        = number
  default     = 7
}

variable "force_destroy" {
  description = "Delete the bucket with all that is in it."
  type        = bool
  default     = false
}
