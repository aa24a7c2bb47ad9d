"""What the tests of the deployment share: Terraform, moto, one deployment that was really applied.

Everything that is applied is one xdist group: it takes minutes, so one test process does it.
"""

import json
import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import boto3
import pytest
from tests.infra import machine
from tests.infra.terraform import REPOSITORY, Terraform, copy, why_not

from carrete.local.localstack import free_port

SITE = "videos.example.org"
REGION = "eu-west-1"
VARIABLES = {
    "allowed_ssh_cidr": "203.0.113.7/32",
    "domain_name": SITE,
    "alarm_email": "ops@example.org",
    "monthly_budget_usd": "100",
    "deletion_protection": "false",
    "keep_data_on_destroy": "false",
}
START_S = 60
APPLY_S = 300

MOTO = Path(__file__).with_name("moto_main.py")
IMAGES = Path(__file__).with_name("images.json")
PYTHON = REPOSITORY / ".venv-infra/bin/python"

# Makes the bucket and the queues that the settings name, as the sandbox does.
CREATE = """
import asyncio
from carrete.bootstrap import create_local_resources
from carrete.config import load_settings
asyncio.run(create_local_resources(load_settings()))
"""


@dataclass(frozen=True)
class Deployment:
    """A configuration that was applied to moto."""

    terraform: Terraform
    endpoint_url: str
    outputs: dict[str, Any]
    artefact: Path

    def client(self, service: str) -> Any:
        """A client of the AWS that it was applied to."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint_url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def state(self, kind: str) -> list[dict[str, Any]]:
        """The attributes of all resources of a kind, as Terraform read them back."""
        found = json.loads(self.terraform.run("show", "-json", within=60).stdout)
        modules = [found["values"]["root_module"]]
        resources: list[dict[str, Any]] = []
        while modules:
            module = modules.pop()
            modules += module.get("child_modules", [])
            resources += module.get("resources", [])
        return [item["values"] for item in resources if item["type"] == kind]

    def user_data(self, role: str) -> str:
        """The boot script, as the applied machine or launch template has it."""
        ec2 = self.client("ec2")
        if role == "web":
            answer = ec2.describe_instance_attribute(
                InstanceId=self.outputs["web_instance_id"], Attribute="userData"
            )
            coded = answer["UserData"]["Value"]
        else:
            coded = self.launch_template()["UserData"]
        return b64decode(coded).decode()

    def launch_template(self) -> dict[str, Any]:
        """What workers are started from."""
        versions = self.client("ec2").describe_launch_template_versions(
            LaunchTemplateName=self.outputs["worker_group"], Versions=["$Latest"]
        )
        data: dict[str, Any] = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        return data


@pytest.fixture(scope="session")
def terraform_here() -> None:
    """Skips, saying why, where Terraform can't run."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def moto(terraform_here: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of an AWS that exists in this machine's memory only."""
    if not PYTHON.exists():
        pytest.skip(f"moto's environment is missing ({PYTHON}): run `make setup`")
    port = free_port(0)
    url = f"http://127.0.0.1:{port}"
    log = tmp_path_factory.mktemp("moto") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL", str(PYTHON), str(MOTO)),
                *("-H", "127.0.0.1", "-p", str(port)),
            ],
            env={
                "PATH": os.defpath,
                "MOTO_AMIS_PATH": str(IMAGES),
                "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _await_answer(f"{url}/moto-api/", process, log)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _await_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = monotonic() + START_S
    while monotonic() < end and process.poll() is None:
        with suppress(URLError, ConnectionError), urlopen(url, timeout=5):  # noqa: S310 - http
            return
        sleep(0.2)
    raise AssertionError(f"moto did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built page: what nginx needs to know of one."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Carrete</title><p>The page")
    (folder / "assets/app-0123abcd.js").write_text("console.log('carrete')\n" * 100)
    return folder


@pytest.fixture(scope="session")
def artefact(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of this checkout."""
    file = tmp_path_factory.mktemp("release") / "release.tar.gz"
    build(page, file)
    return file


def build(page: Path, file: Path) -> str:
    """Build a release with a page; returns its name."""
    done = subprocess.run(
        [str(REPOSITORY / "infra/bin/build-release"), str(file)],
        env={"PATH": os.environ["PATH"], "PAGE": str(page), "PYTHON": sys.executable},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout.strip()


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[machine.Bootstrap]:
    """A root file system that is being made while Terraform applies."""
    reason = machine.why_not()
    if reason is not None:
        pytest.skip(reason)
    with machine.Bootstrap(tmp_path_factory.mktemp("machine")) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def deployment(moto: str, artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Everything, applied; destroyed by test_teardown."""
    directory = copy(tmp_path_factory.mktemp("infra") / "infra")
    variables = VARIABLES | {"release_artefact": str(artefact)}
    environment = {f"TF_VAR_{name}": value for name, value in variables.items()}
    terraform = Terraform(directory, environment | {"AWS_ENDPOINT_URL": moto})
    terraform.init()
    terraform.run("apply", "-no-color", "-auto-approve", "-parallelism=30", within=APPLY_S)
    return Deployment(terraform, moto, terraform.outputs(), artefact)
