"""Traces cost nothing and say nothing until somebody asks for them."""

import subprocess
import sys

from carrete import tracing

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_without_an_endpoint_nothing_is_recorded() -> None:
    with tracing.tracing(None, "carrete-api"), tracing.span("work", answer=42) as span:
        assert not span.is_recording()
        assert tracing.current() is None


def test_a_trace_that_came_from_elsewhere_is_handed_on() -> None:
    with tracing.span("work", parent=PARENT):
        assert tracing.current() == PARENT


def test_what_is_no_trace_context_is_as_good_as_none() -> None:
    for said in ("", "x", PARENT[:-3], PARENT.replace("4", "g"), "00-" + "0" * 32 + PARENT[35:]):
        with tracing.span("work", parent=said, caused_by=said):
            assert tracing.current() is None


def test_the_exporter_is_not_even_imported_until_it_is_asked_for() -> None:
    code = (
        "import sys, carrete.api.main, carrete.worker.main\n"
        "sys.exit('opentelemetry.sdk' in sys.modules or 'requests' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == 0
