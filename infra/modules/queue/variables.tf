variable "name" {
  description = "Name of the queue; the dead-letter queue's ends with -dlq."
  type        = string
}

variable "visibility_seconds" {
  description = "Seconds that a received message is hidden."
  type        = number
}
