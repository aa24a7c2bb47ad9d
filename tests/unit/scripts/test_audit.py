import json
from datetime import date
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).parents[3] / "scripts" / "audit"


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    loader = SourceFileLoader("audit", str(PATH))
    loader_spec = spec_from_loader("audit", loader)
    assert loader_spec is not None
    module = module_from_spec(loader_spec)
    # dataclasses look their module up by name
    import sys  # noqa: PLC0415

    sys.modules["audit"] = module
    loader.exec_module(module)
    return module


HOLE = {"dependencies": [{"name": "x", "version": "1", "vulns": [{"id": "GHSA-1"}]}]}
NPM_HOLE = {
    "vulnerabilities": {
        "x": {"via": [{"url": "https://github.com/advisories/GHSA-2", "severity": "high"}]},
        "y": {"via": ["x", {"url": "https://a/GHSA-3", "severity": "low"}]},
    },
    "metadata": {"dependencies": {"total": 7}},
}


def test_a_known_hole_stops_the_build_until_it_is_accepted(
    audit: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    for found, name in (
        (audit.read_pip(json.dumps(HOLE)), "GHSA-1"),
        (audit.read_npm(json.dumps(NPM_HOLE)), "GHSA-2"),
    ):
        assert list(found.holes) == [name]
        assert audit.judge("lock", found, {}) is False
        assert audit.judge("lock", found, {name: "not reached"}) is True
    assert "GHSA-1 in x 1: NOT ACCEPTED" in capsys.readouterr().out


@pytest.mark.parametrize("answer", ["", "{}", "no", '{"message": "405 Method Not Allowed"}'])
def test_a_service_out_of_reach_stops_nothing_and_is_said_aloud(
    audit: ModuleType, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for found in (audit.read_pip(answer), audit.read_npm(answer)):
        assert audit.judge("lock", found, {}) is True
        assert "NOT CHECKED" in capsys.readouterr().out


def test_what_the_service_does_not_know_is_said_aloud(
    audit: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = {"dependencies": [{"name": "x", "skip_reason": "?"}, {"name": "y", "vulns": []}]}
    found = audit.read_pip(json.dumps(answer))
    assert audit.judge("lock", found, {}) is True
    assert "1 of 2 are not known" in capsys.readouterr().out


def test_an_exception_has_a_reason_and_an_end(audit: ModuleType) -> None:
    text = "# comment\n\nGHSA-1 2027-01-31 never called\nGHSA-2 2026-01-31 long ago\n"
    assert audit.read_exceptions(text, date(2027, 1, 31)) == {"GHSA-1": "never called"}
    with pytest.raises(ValueError, match="expected 3"):
        audit.read_exceptions("GHSA-1 2027-01-31\n", date(2027, 1, 1))


def test_the_exceptions_of_this_repository_can_be_read(audit: ModuleType) -> None:
    audit.read_exceptions(audit.EXCEPTIONS.read_text(), date(2026, 1, 1))
