terraform {
  # 1.11 has write-only arguments: the database's password is sent to AWS and kept in no state.
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }
}
