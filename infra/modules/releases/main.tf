# Releases are named by their content: the first 16 digits of the artefact's SHA-256. A machine that
# fetches one checks that it is what it asked for.

locals {
  found   = fileexists(var.artefact)
  release = local.found ? substr(filesha256(var.artefact), 0, 16) : "none"
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_145: SSE-S3 is enough for what is public source code
  # checkov:skip=CKV_AWS_18: nothing secret is in it
  # checkov:skip=CKV_AWS_144: a release can be built again from its commit
  # checkov:skip=CKV2_AWS_62: machines are told by `make deploy`
  bucket        = var.bucket_name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "RefusePlainHttp"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "tls_only" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.tls_only.json

  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "old-releases"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

# The first release goes up with the first apply, so that one command deploys. Which release runs
# after that is the business of `make deploy`, not of Terraform: hence ignore_changes.
resource "aws_s3_object" "first" {
  # checkov:skip=CKV_AWS_186: as the bucket
  count = local.found ? 1 : 0

  bucket       = aws_s3_bucket.this.id
  key          = "releases/${local.release}.tar.gz"
  source       = var.artefact
  content_type = "application/gzip"

  lifecycle {
    ignore_changes = [key, source]
  }

  depends_on = [aws_s3_bucket_versioning.this, aws_s3_bucket_server_side_encryption_configuration.this]
}

resource "aws_ssm_parameter" "release" {
  # checkov:skip=CKV2_AWS_34: a release's name is no secret
  # checkov:skip=CKV_AWS_337: the same
  name           = "/${var.name}/release"
  description    = "Release that machines run when they boot; set by make deploy"
  type           = "String"
  insecure_value = local.release

  lifecycle {
    ignore_changes = [insecure_value]
  }
}
