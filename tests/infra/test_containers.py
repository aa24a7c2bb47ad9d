"""The container files, where no Docker engine is: what a linter would find.

`test_boot` executes the steps of the application's image in a Debian root file system; here are the
rules.
"""

import re
from typing import Any

import pytest
import yaml
from tests.infra.dockerfile import Stage, stages
from tests.infra.terraform import REPOSITORY

from carrete.config import Settings

DOCKERFILE = REPOSITORY / "containers/Dockerfile"
COMPOSE = REPOSITORY / "compose.yaml"
SERVED = ("app", "web")


@pytest.fixture(scope="module")
def built() -> dict[str, Stage]:
    return stages(DOCKERFILE.read_text())


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def _pinned(image: str) -> bool:
    # A tag with at least two numbers; never "latest", never none.
    return re.fullmatch(r"[a-z0-9./-]+:[0-9]+\.[0-9][a-z0-9.-]*", image) is not None


def test_every_image_is_pinned(built: dict[str, Stage], services: dict[str, Any]) -> None:
    images = [stage.image for stage in built.values()]
    images += [item["image"] for item in services.values() if "build" not in item]
    assert [image for image in images if not _pinned(image)] == []


def test_what_runs_is_not_root_and_says_how_it_is(built: dict[str, Stage]) -> None:
    for name in SERVED:
        stage = built[name]
        assert stage.of("USER")[-1] not in {"root", "0"}
        assert stage.of("HEALTHCHECK"), name
        # Nothing is installed or copied after the step down, so no file belongs to who runs.
        order = [instruction for instruction, _ in stage.steps]
        assert not {"RUN", "COPY"} & set(order[order.index("USER") :])


def test_images_hold_no_more_than_they_need(built: dict[str, Stage]) -> None:
    for stage in built.values():
        for step in stage.of("RUN"):
            if "apt-get install" in step:
                assert "--no-install-recommends" in step
                assert "rm -rf /var/lib/apt/lists" in step
            if "pip install" in step:
                assert "--no-cache-dir" in step
                assert "--require-hashes" in step or "--no-deps" in step
        assert not stage.of("ADD")
    assert not any("gcc" in step or "build-essential" in step for step in built["app"].of("RUN"))


def test_what_is_copied_is_there_and_is_not_ignored(built: dict[str, Stage]) -> None:
    kept = {
        line[1:]
        for line in (REPOSITORY / ".dockerignore").read_text().splitlines()
        if line[:1] == "!"
    }
    for stage in built.values():
        for step in stage.of("COPY"):
            if step.startswith("--from="):
                assert step.partition(" ")[0].removeprefix("--from=") in built
                continue
            for source in step.split()[:-1]:
                assert source in kept or source.partition("/")[0] in kept, source
                if not source.startswith("web"):
                    assert (REPOSITORY / source).exists(), source


def test_every_container_is_confined(services: dict[str, Any]) -> None:
    for name in ("api", "worker", "prepare", "web"):
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not service.get("privileged")


def test_ports_are_published_on_loopback_only(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_everything_waits_for_what_it_needs(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for other, wait in service.get("depends_on", {}).items():
            assert other in services
            if wait["condition"] == "service_healthy":
                own = "healthcheck" in services[other] or "build" in services[other]
                assert own, f"{name} waits for {other}, which does not say how it is"


def test_settings_are_real_ones(services: dict[str, Any]) -> None:
    known = {f"CARRETE_{name.upper()}" for name in Settings.model_fields}
    for name in ("api", "worker", "prepare"):
        given = {key for key in services[name]["environment"] if key.startswith("CARRETE_")}
        assert given <= known
