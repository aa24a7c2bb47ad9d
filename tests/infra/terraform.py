"""Terraform as these tests run it: offline, bounded, with the provider that is on this machine."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
INFRA = REPOSITORY / "infra"
PROVIDER = "registry.terraform.io/hashicorp/aws"

# Where a machine may keep providers; CARRETE_TERRAFORM_PLUGINS goes before.
USUAL_PLACES = (
    Path("/opt"),
    Path("/usr/local/share/terraform/plugins"),
    Path("/usr/share/terraform/plugins"),
    Path.home() / ".terraform.d/plugins",
    Path.home() / ".local/share/terraform/plugins",
)

# Against moto nothing may reach a real account, and nothing may be tried for minutes.
OFFLINE = """
provider "aws" {
  region                      = var.aws_region
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false

  default_tags {
    tags = {
      Project   = var.project_name
      ManagedBy = "terraform"
    }
  }
}
"""


@cache
def find_plugins() -> Path | None:
    """The plugin folder that holds the AWS provider, if there is one."""
    given = os.environ.get("CARRETE_TERRAFORM_PLUGINS")
    places = [Path(given)] if given else [*USUAL_PLACES]
    for place in places:
        for depth in ("", "*/", "*/*/"):
            for found in place.glob(f"{depth}{PROVIDER}"):
                if any(found.glob("*/*/terraform-provider-aws_*")):
                    return found.parents[2]
    return None


def why_not() -> str | None:
    """Why Terraform's tests can't run here, if they can't."""
    if shutil.which("terraform") is None:
        return "terraform is not on this machine"
    if find_plugins() is None:
        return (
            "the AWS provider is not on this machine (CARRETE_TERRAFORM_PLUGINS names its folder)"
        )
    return None


@dataclass
class Terraform:
    """A working copy of a configuration.

    Attributes:
        directory: where it lies.
        environment: variables besides PATH and HOME; ``AWS_ENDPOINT_URL`` says where AWS is.
    """

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(
        self, *arguments: str, within: float, allowed: tuple[int, ...] = (0,)
    ) -> subprocess.CompletedProcess[str]:
        """Run a command for at most ``within`` seconds; its status must be an allowed one."""
        done = subprocess.run(
            ["terraform", f"-chdir={self.directory}", *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": os.environ.get("HOME", "/"),
                "CHECKPOINT_DISABLE": "1",
                "TF_IN_AUTOMATION": "1",
                "TF_INPUT": "0",
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_MAX_ATTEMPTS": "3",
            }
            | self.environment,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        if done.returncode not in allowed:
            said = (done.stdout + done.stderr)[-6000:]
            raise AssertionError(f"terraform {arguments[0]} ended with {done.returncode}:\n{said}")
        return done

    def init(self) -> None:
        """Set up with the local provider."""
        self.run("init", "-no-color", f"-plugin-dir={find_plugins()}", within=60)

    def outputs(self) -> dict[str, Any]:
        """Values of the outputs."""
        found = json.loads(self.run("output", "-json", within=30).stdout)
        return {name: item["value"] for name, item in found.items()}


def copy(target: Path, *, offline: bool = True) -> Path:
    """A copy of ``infra/`` to work in, so that tests leave nothing in the checkout."""
    shutil.copytree(
        INFRA, target, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars")
    )
    if offline:
        (target / "offline_override.tf").write_text(OFFLINE)
    return target
