variable "name" {
  description = "Project's name; the parameter is /NAME/release."
  type        = string
}

variable "bucket_name" {
  description = "Name of the bucket."
  type        = string
}

variable "artefact" {
  description = "File of the first release; without it machines wait for make deploy."
  type        = string
}

variable "force_destroy" {
  description = "Delete the bucket with all releases."
  type        = bool
}
