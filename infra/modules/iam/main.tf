# One role for each kind of machine, with what its code calls and nothing else. tests/infra records the
# calls of the running system and tries them, and others, under these policies.

locals {
  log_group_arns = [
    for group in values(var.log_groups) :
    "arn:${var.partition}:logs:${var.region}:${var.account}:log-group:${group}:*"
  ]
  roles = {
    web    = aws_iam_role.web.name
    worker = aws_iam_role.worker.name
  }
}

data "aws_iam_policy_document" "assume" {
  for_each = toset(["ec2", "monitoring.rds"])

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.value}.amazonaws.com"]
    }

    dynamic "condition" {
      # RDS must not be talked into using the role for another account's database.
      for_each = each.value == "monitoring.rds" ? [1] : []

      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [var.account]
      }
    }
  }
}

# ------------------------------------------------------------------------------------------------- web

resource "aws_iam_role" "web" {
  name               = "${var.name}-web"
  description        = "Web server: takes uploads, rings the queue, signs links"
  assume_role_policy = data.aws_iam_policy_document.assume["ec2"].json
}

resource "aws_iam_instance_profile" "web" {
  name = "${var.name}-web"
  role = aws_iam_role.web.name
}

data "aws_iam_policy_document" "web" {
  statement {
    sid       = "Ring"
    actions   = ["sqs:SendMessage"]
    resources = [var.queue_arn, var.dlq_arn] # the readiness check asks for both
  }

  statement {
    # The operator's page: how much waits, and which tasks could not be done.
    sid       = "CountMessages"
    actions   = ["sqs:GetQueueAttributes"]
    resources = [var.queue_arn, var.dlq_arn]
  }

  statement {
    # Sending dead letters back to work takes them out of their queue. Never the tasks' own messages.
    sid       = "Redrive"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
    resources = [var.dlq_arn]
  }

  statement {
    sid       = "TakeUploads"
    actions   = ["s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
    resources = ["${var.bucket_arn}/input/*"]
  }

  statement {
    sid       = "SignDownloads"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arn}/*"]
  }
}

resource "aws_iam_role_policy" "web" {
  name   = "application"
  role   = aws_iam_role.web.id
  policy = data.aws_iam_policy_document.web.json
}

# ---------------------------------------------------------------------------------------------- worker

resource "aws_iam_role" "worker" {
  name               = "${var.name}-worker"
  description        = "Workers: take tasks, read originals, store and remove results"
  assume_role_policy = data.aws_iam_policy_document.assume["ec2"].json
}

resource "aws_iam_instance_profile" "worker" {
  name = "${var.name}-worker"
  role = aws_iam_role.worker.name
}

data "aws_iam_policy_document" "worker" {
  statement {
    sid       = "Work"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:SendMessage"]
    resources = [var.queue_arn]
  }

  statement {
    sid       = "Bury"
    actions   = ["sqs:SendMessage"]
    resources = [var.dlq_arn]
  }

  statement {
    sid = "Objects"
    # GetObject, PutObject, DeleteObject and their like; deletions leave a version for some days.
    actions   = ["s3:*Object", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"]
    resources = ["${var.bucket_arn}/*"]
  }

  statement {
    sid       = "EndOwnLife"
    actions   = ["autoscaling:CompleteLifecycleAction"]
    resources = ["arn:${var.partition}:autoscaling:${var.region}:${var.account}:autoScalingGroup:*:autoScalingGroupName/${var.name}-workers"]
  }
}

resource "aws_iam_role_policy" "worker" {
  name   = "application"
  role   = aws_iam_role.worker.id
  policy = data.aws_iam_policy_document.worker.json
}

# ---------------------------------------------------------------------------------- both kinds of machine

data "aws_iam_policy_document" "machine" {
  # checkov:skip=CKV_AWS_111: PutMetricData and Session Manager's actions take no resource; the first is bound by its namespace
  # checkov:skip=CKV_AWS_356: the same
  statement {
    sid       = "Release"
    actions   = ["s3:GetObject"]
    resources = ["${var.releases_bucket_arn}/releases/*"]
  }

  statement {
    sid       = "WhichRelease"
    actions   = ["ssm:GetParameter"]
    resources = [var.release_parameter_arn]
  }

  statement {
    sid       = "DatabasePassword"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secret_arn]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = local.log_group_arns
  }

  statement {
    sid       = "Metrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # has no resource; the namespace is the bound

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [var.name]
    }
  }

  statement {
    # Session Manager and Run Command. AmazonSSMManagedInstanceCore would also give every parameter of
    # the account. None of these takes a resource.
    sid = "SessionManager"
    actions = [
      "ec2messages:AcknowledgeMessage",
      "ec2messages:DeleteMessage",
      "ec2messages:FailMessage",
      "ec2messages:GetEndpoint",
      "ec2messages:GetMessages",
      "ec2messages:SendReply",
      "ssm:ListInstanceAssociations",
      "ssm:UpdateInstanceInformation",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "machine" {
  for_each = local.roles

  name   = "machine"
  role   = each.value
  policy = data.aws_iam_policy_document.machine.json
}

# ------------------------------------------------------------------------------------------ monitoring

resource "aws_iam_role" "rds_monitoring" {
  name               = "${var.name}-rds-monitoring"
  description        = "RDS Enhanced Monitoring"
  assume_role_policy = data.aws_iam_policy_document.assume["monitoring.rds"].json
}

resource "aws_iam_role_policy_attachment" "rds_monitoring" {
  role       = aws_iam_role.rds_monitoring.name
  policy_arn = "arn:${var.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

# ------------------------------------------------------------------------------------------- operators

# For people, to attach to their own roles: `carrete gc` and `carrete dlq` need what no machine has.
data "aws_iam_policy_document" "operator" {
  statement {
    sid       = "DeadLetters"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:SendMessage"]
    resources = [var.dlq_arn, var.queue_arn]
  }

  statement {
    sid       = "Garbage"
    actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [var.bucket_arn]
  }

  statement {
    sid       = "RemoveGarbage"
    actions   = ["s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${var.bucket_arn}/*"]
  }
}

resource "aws_iam_policy" "operator" {
  name        = "${var.name}-operator"
  description = "carrete gc and carrete dlq"
  policy      = data.aws_iam_policy_document.operator.json
}
