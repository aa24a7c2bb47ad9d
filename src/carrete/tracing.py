"""Traces: one video's way from the request that submitted it through SQS into each ffmpeg.

Programs are written against OpenTelemetry's API alone, whose spans do nothing until
``tracing`` installs a provider, which it does only where an OTLP endpoint is configured.

A message is only a permit to claim (ADR 2): the task that a worker gets may belong to another
trace than the message that woke it. So the trace of a job stands in its row, as a W3C
``traceparent`` [https://www.w3.org/TR/trace-context/], and is the parent of all its tasks; the
message carries the context of whoever rang, and becomes a link.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from carrete import __version__

FLUSH_MS = 5000
"""Milliseconds that a stopping process waits for its last spans to be taken."""

EXPORT_S = 10
"""Seconds in which the collector must take a batch; one that does not loses it, and no work."""

HEADER = "traceparent"
MAX_HEADER = 55
"""Characters of a ``traceparent`` of version 00, the only one there is."""

_FORM = TraceContextTextMapPropagator()


@contextmanager
def tracing(endpoint: str | None, service: str, sample: float = 1.0) -> Iterator[None]:
    """Export spans for as long as the context lasts; without an endpoint nothing is made.

    Args:
        endpoint: base URL of an OTLP receiver that speaks HTTP, such as
            ``http://127.0.0.1:4318``.
        service: the name that the spans carry: ``carrete-api`` or ``carrete-worker``.
        sample: the share of traces that is kept, 0 to 1. A trace is kept whole or not at all.
    """
    if endpoint is None:
        yield
        return
    # a third of a second of imports that only those pay who asked for traces
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

    provider = TracerProvider(
        resource=Resource.create({"service.name": service, "service.version": __version__}),
        sampler=ParentBased(TraceIdRatioBased(sample)),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_S)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.force_flush(FLUSH_MS)
        provider.shutdown()


def current() -> str | None:
    """The ``traceparent`` of the span that is open here; nothing when none is recorded."""
    carrier: dict[str, str] = {}
    _FORM.inject(carrier)
    return carrier.get(HEADER)


@contextmanager
def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: str | None = None,
    caused_by: str | None = None,
    **attributes: str | float,
) -> Iterator[Span]:
    """Open a span; an error that leaves it is recorded in it.

    Args:
        name: of few different values.
        kind: as OpenTelemetry has it.
        parent: the ``traceparent`` that it belongs to; the span that is open when not given.
        caused_by: the ``traceparent`` of what set it off, shown as a link.
        attributes: what tells it apart; a double underscore in a name stands for a dot.
    """
    tracer = trace.get_tracer("carrete", __version__)
    cause = _span_context(caused_by)
    with tracer.start_as_current_span(
        name,
        context=_context(parent),
        kind=kind,
        links=[Link(cause)] if cause is not None else (),
        attributes={key.replace("__", "."): value for key, value in attributes.items()},
    ) as opened:
        yield opened


def _context(traceparent: str | None) -> Context | None:
    if traceparent is None:
        return None
    return _FORM.extract({HEADER: traceparent[:MAX_HEADER]})


def _span_context(traceparent: str | None) -> trace.SpanContext | None:
    context = _context(traceparent)
    found = trace.get_current_span(context).get_span_context() if context is not None else None
    return found if found is not None and found.is_valid else None
