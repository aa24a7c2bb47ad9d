output "site_url" {
  description = "Where the page is."
  value       = local.site_origin
}

output "web_instance_id" {
  description = "For Session Manager and make deploy."
  value       = module.web.instance_id
}

output "worker_group" {
  description = "Autoscaling group of the workers."
  value       = module.workers.group_name
}

output "bucket" {
  description = "Bucket of originals and results."
  value       = module.storage.bucket_name
}

output "queue_url" {
  description = "Queue of tasks."
  value       = module.queue.queue_url
}

output "dlq_url" {
  description = "Dead-letter queue."
  value       = module.queue.dlq_url
}

output "releases_bucket" {
  description = "Where make deploy puts releases."
  value       = module.releases.bucket_name
}

output "release_parameter" {
  description = "SSM parameter that names the release which machines run when they boot."
  value       = module.releases.parameter_name
}

output "database_host" {
  description = "The database, reachable from the web server and the workers only."
  value       = module.database.host
}

output "database_secret_arn" {
  description = "Secret with the database's user and password."
  value       = module.database.secret_arn
}

output "operator_policy_arn" {
  description = "Attach it to the role of whoever runs carrete gc and carrete dlq."
  value       = module.iam.operator_policy_arn
}

output "region" {
  description = "Region of everything."
  value       = var.aws_region
}

output "next_steps" {
  description = "What to do now."
  value = join("\n", concat(
    var.domain_name != "" && var.route53_zone_id == "" ? [
      "* Make the DNS record  ${var.domain_name}  A  ${module.web_address.public_ip} . The certificate is fetched within minutes after it is known."
    ] : [],
    module.releases.first_release == "none" ? [
      "* There was no release to run (${var.release_artefact}): `make deploy` builds one and sends it out; the machines wait an hour for it."
      ] : [
      "* The machines set themselves up now; the site answers in some five minutes: curl ${local.site_origin}/healthz"
    ],
    [
      "* Watch the web server set itself up: aws ssm start-session --target ${module.web.instance_id} --region ${var.aws_region}, then sudo tail -f /var/log/carrete/boot.log",
      "* Look at everything: https://${var.aws_region}.console.aws.amazon.com/cloudwatch/home?region=${var.aws_region}#dashboards/dashboard/${module.monitoring.dashboard}",
      "* Try it: carrete register you@example.org --server ${local.site_origin} && carrete upload video.mp4",
      "* A new version: make deploy.  Back to the one before: infra/bin/deploy --rollback",
    ],
    var.domain_name == "" ? ["* This is plain HTTP, for a trial: passwords travel unencrypted. Set domain_name before anybody else uses it."] : [],
    var.alarm_email == "" ? ["* Nobody is told of alarms: set alarm_email."] : ["* Confirm the mail that AWS sent to ${var.alarm_email}."],
  ))
}
