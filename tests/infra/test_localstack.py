"""Terraform's modules make the local bucket and queues as the sandbox's faster way does."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.conftest import Aws
from tests.infra.conftest import CREATE, REGION
from tests.infra.terraform import INFRA, Terraform

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]

ORIGIN = "http://localhost:8080"
CONFIGURATION = """
provider "aws" {
  region                      = "eu-west-1"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

module "storage" {
  source      = "./storage"
  bucket_name = "BUCKET"
  site_origin = "http://localhost:8080"
}

module "queue" {
  source             = "./queue"
  name               = "QUEUE"
  visibility_seconds = 60
}
"""

# What differs on purpose: names and times of course; and of the bucket (below) what guards data
# that lasts, which LocalStack's does not.
OWN = {"QueueArn", "CreatedTimestamp", "LastModifiedTimestamp", "Policy", "RedriveAllowPolicy"}


@pytest.fixture
def by_terraform(terraform_here: None, aws: Aws, tmp_path: Path) -> str:
    """Suffix of what Terraform made."""
    suffix = f"tf-{aws.suffix}"
    for module in ("storage", "queue"):
        (tmp_path / module).symlink_to(INFRA / "modules" / module)
    text = CONFIGURATION.replace("BUCKET", f"carrete-{suffix}").replace(
        "QUEUE", f"carrete-{suffix}"
    )
    (tmp_path / "main.tf").write_text(text)
    terraform = Terraform(tmp_path, {"AWS_ENDPOINT_URL": aws.endpoint_url})
    terraform.init()
    terraform.run("apply", "-no-color", "-auto-approve", within=200)
    done = terraform.run("plan", "-no-color", "-detailed-exitcode", within=60, allowed=(0, 2))
    assert done.returncode == 0, done.stdout[-3000:]
    return suffix


@pytest.fixture
def directly(aws: Aws) -> str:
    """Suffix of what the sandbox's way made."""
    subprocess.run(
        [sys.executable, "-c", CREATE],
        env={
            "PATH": os.environ["PATH"],
            "CARRETE_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1/none",
            "CARRETE_AWS_ENDPOINT_URL": aws.endpoint_url,
            "CARRETE_S3_BUCKET": aws.bucket,
            "CARRETE_SQS_QUEUE_URL": aws.queue_url(),
            "CARRETE_SQS_DLQ_URL": f"{aws.queue_url()}-dlq",
            "CARRETE_SITE_ORIGIN": ORIGIN,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
        timeout=60,
        check=True,
    )
    return aws.suffix


def test_both_ways_give_the_same(aws: Aws, by_terraform: str, directly: str) -> None:
    def client(service: str) -> Any:
        return boto3.client(service, region_name=REGION, endpoint_url=aws.endpoint_url)

    sqs, s3 = client("sqs"), client("s3")

    def queue(suffix: str, end: str = "") -> dict[str, Any]:
        url = f"{aws.endpoint_url}/000000000000/carrete-{suffix}{end}"
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        kept = {name: value for name, value in found.items() if name not in OWN}
        if "RedrivePolicy" in kept:
            policy = json.loads(kept["RedrivePolicy"])
            policy["deadLetterTargetArn"] = policy["deadLetterTargetArn"].replace(suffix, "")
            kept["RedrivePolicy"] = policy | {"maxReceiveCount": int(policy["maxReceiveCount"])}
        return kept

    assert queue(by_terraform) == queue(directly)
    assert queue(by_terraform, "-dlq") == queue(directly, "-dlq")
    cors = [
        s3.get_bucket_cors(Bucket=f"carrete-{name}")["CORSRules"]
        for name in (by_terraform, directly)
    ]
    assert cors[0] == cors[1]
    encryption = [
        s3.get_bucket_encryption(Bucket=f"carrete-{name}")["ServerSideEncryptionConfiguration"][
            "Rules"
        ][0]["ApplyServerSideEncryptionByDefault"]
        for name in (by_terraform, directly)
    ]
    assert encryption[0] == encryption[1]
