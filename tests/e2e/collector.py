"""A receiver of OTLP over HTTP that keeps the spans it was sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class SpanView:
    """What the tests look at in a span; ids are in hexadecimal digits."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[str, ...]
    attributes: dict[str, str]


@dataclass
class Collector:
    """Spans in the order in which they came."""

    url: str = ""
    spans: list[SpanView] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, body: bytes) -> None:
        """Keep what a request holds."""
        request = ExportTraceServiceRequest.FromString(body)
        with self.changed:
            self.spans += _read(request)
            self.changed.notify_all()

    def until(self, names: set[str], timeout_s: float = 60) -> list[SpanView]:
        """Wait until there is a span of each name."""
        with self.changed:
            came = self.changed.wait_for(
                lambda: names <= {span.name for span in self.spans}, timeout_s
            )
            assert came, f"missing: {names - {span.name for span in self.spans}}"
            return list(self.spans)


def _read(request: ExportTraceServiceRequest) -> Iterator[SpanView]:
    for resource in request.resource_spans:
        service = next(
            item.value.string_value
            for item in resource.resource.attributes
            if item.key == "service.name"
        )
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield SpanView(
                    service,
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    tuple(link.trace_id.hex() for link in span.links),
                    {item.key: str(_value(item.value)) for item in span.attributes},
                )


def _value(value: object) -> object:
    kind = value.WhichOneof("value")  # type: ignore[attr-defined]
    return getattr(value, kind) if kind else ""


@contextmanager
def collecting() -> Iterator[Collector]:
    """Receive on a free port of loopback."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take what comes."""
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
