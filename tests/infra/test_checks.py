"""Terraform's and checkov's own checks, without any AWS."""

import json
import subprocess

import pytest
from tests.infra.conftest import PYTHON
from tests.infra.terraform import INFRA, Terraform, copy

pytestmark = pytest.mark.timeout(300)

CHECKOV = PYTHON.with_name("checkov")


@pytest.fixture(scope="module")
def configuration(terraform_here: None, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """A copy that is set up but never applied."""
    terraform = Terraform(copy(tmp_path_factory.mktemp("checks") / "infra", offline=False))
    terraform.init()
    return terraform


@pytest.mark.xdist_group("terraform-checks")
def test_it_is_formatted(configuration: Terraform) -> None:
    done = configuration.run("fmt", "-check", "-recursive", "-diff", within=60, allowed=(0, 3))
    assert done.returncode == 0, done.stdout


@pytest.mark.xdist_group("terraform-checks")
def test_it_is_valid(configuration: Terraform) -> None:
    found = json.loads(configuration.run("validate", "-json", within=60).stdout)
    assert found["valid"], found
    assert found["warning_count"] == 0, found


@pytest.mark.xdist_group("terraform-checks")
def test_its_own_tests_pass(configuration: Terraform) -> None:
    done = configuration.run("test", "-no-color", within=240, allowed=(0, 1))
    assert done.returncode == 0, done.stdout[-4000:]
    assert "0 failed" in done.stdout


@pytest.mark.xdist_group("terraform-checks")
def test_every_module_says_what_its_inputs_and_outputs_mean() -> None:
    for file in [*INFRA.glob("*.tf"), *INFRA.glob("modules/*/*.tf")]:
        text = file.read_text()
        blocks = text.count('\nvariable "') + text.startswith("variable") + text.count('output "')
        assert text.count("  description = ") >= blocks, file


def test_checkov_finds_nothing_and_every_exception_has_its_reason() -> None:
    if not CHECKOV.exists():
        pytest.skip(f"checkov's environment is missing ({CHECKOV}): run `make setup`")
    done = subprocess.run(
        [
            *(str(CHECKOV), "--directory", str(INFRA), "--framework", "terraform"),
            *("--skip-download", "--quiet", "--compact", "--output", "json"),
        ],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    found = json.loads(done.stdout)
    failed = found["results"]["failed_checks"]
    assert [(item["check_id"], item["resource"]) for item in failed] == []
    assert found["summary"]["parsing_errors"] == 0
    assert found["summary"]["passed"] > 200
    for file in INFRA.rglob("*.tf"):
        for line in file.read_text().splitlines():
            if "checkov:skip" in line:
                reason = line.partition("checkov:skip=")[2].partition(":")[2]
                assert len(reason.split()) >= 2, f"{file}: an exception says why: {line}"


@pytest.mark.xdist_group("terraform-checks")
def test_the_example_of_variables_is_understood(configuration: Terraform) -> None:
    example = configuration.directory / "terraform.tfvars.example"
    known = "\n".join(file.read_text() for file in configuration.directory.glob("variables.tf"))
    lines = [line.lstrip("# ") for line in example.read_text().splitlines()]
    names = [line.split("=")[0].strip() for line in lines if " = " in line]
    assert len(names) > 10
    for name in names:
        assert f'variable "{name}"' in known, name
