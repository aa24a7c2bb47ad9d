"""What Prometheus reads. Nothing is global: a program makes a registry and the metrics it needs."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from carrete.domain.failures import FailureCode
from carrete.domain.task import TaskKind
from carrete.domain.video import VideoState
from carrete.ports import QueueCounts

_REQUEST_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SPEED_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20)
_TASK_BUCKETS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 14400)


def new_registry() -> CollectorRegistry:
    """A registry with the process's own metrics (CPU, memory, descriptors)."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry


class ApiMetrics:
    """Requests and event streams of one API process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "carrete_http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "carrete_http_request_seconds",
            "Seconds from a request's headers to the end of its answer, event streams apart",
            ["method", "route"],
            buckets=_REQUEST_BUCKETS,
            registry=registry,
        )
        self.streams = Gauge(
            "carrete_event_streams", "Event streams that are open", registry=registry
        )
        self.listening = Gauge(
            "carrete_event_listener_up",
            "1 while this process hears PostgreSQL's notifications",
            registry=registry,
        )

    def request(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Count an answered request.

        Args:
            method: of the request.
            route: the template that matched, never the path: labels must be few.
            status: of the answer.
            seconds: how long it took; ``None`` for streams, which last as long as they like.
        """
        self._requests.labels(method, route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(method, route).observe(seconds)


class QueueMetrics:
    """How much work waits and runs, as PostgreSQL has it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tasks = Gauge("carrete_tasks", "Unfinished tasks", ["state"], registry=registry)
        self._oldest = Gauge(
            "carrete_oldest_wait_seconds",
            "Seconds since the oldest waiting task could have been claimed",
            registry=registry,
        )
        self._videos = Gauge("carrete_videos", "Videos by state", ["state"], registry=registry)

    def update(self, counts: QueueCounts) -> None:
        """Show these counts from now on."""
        self._tasks.labels("pending").set(counts.pending)
        self._tasks.labels("running").set(counts.running)
        self._oldest.set(counts.oldest_wait_s)
        for state in VideoState:
            self._videos.labels(state.value).set(counts.videos.get(state.value, 0))


class WorkerMetrics:
    """Tasks of one worker process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tasks = Counter(
            "carrete_worker_tasks",
            "Attempts ended, by how they ended",
            ["kind", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "carrete_worker_task_seconds",
            "Seconds that an attempt took",
            ["kind"],
            buckets=_TASK_BUCKETS,
            registry=registry,
        )
        self._read = Counter("carrete_worker_read_bytes", "Bytes read from S3", registry=registry)
        self._stored = Counter(
            "carrete_worker_stored_bytes", "Bytes stored in S3", registry=registry
        )
        self._lost = Counter(
            "carrete_worker_leases_lost", "Attempts whose lease was lost", registry=registry
        )
        self._failures = Counter(
            "carrete_worker_video_failures",
            "Videos that this worker failed for good, by what their owner is told",
            ["code"],
            registry=registry,
        )
        self._speed = Histogram(
            "carrete_worker_encode_speed",
            "Seconds of picture, in every rendition, made in one second of an attempt",
            buckets=_SPEED_BUCKETS,
            registry=registry,
        )
        self._expired = Counter(
            "carrete_worker_leases_expired",
            "Leases of lost workers that this one found expired and freed as leader",
            ["outcome"],
            registry=registry,
        )
        self._rung = Counter(
            "carrete_worker_resent",
            "Waiting tasks that nobody had heard of and this worker rang for again as leader",
            registry=registry,
        )

    def task_ended(self, kind: TaskKind, outcome: str, seconds: float) -> None:
        """Count an attempt that ended as ``outcome`` (a few fixed words) after ``seconds``."""
        self._tasks.labels(kind.value, outcome).inc()
        self._seconds.labels(kind.value).observe(seconds)

    def read(self, size: int) -> None:
        """Count bytes that were read from S3."""
        self._read.inc(size)

    def stored(self, size: int) -> None:
        """Count bytes that were stored in S3."""
        self._stored.inc(size)

    def lease_lost(self) -> None:
        """Count an attempt that lost its lease."""
        self._lost.inc()

    def failed(self, code: FailureCode) -> None:
        """Count a video that failed for good."""
        self._failures.labels(code.value).inc()

    def encoded(self, media_s: float, seconds: float) -> None:
        """Note that ``media_s`` seconds of picture took ``seconds``."""
        self._speed.observe(media_s / max(seconds, 1e-3))

    def reconciled(self, freed: int, given_up: int, rung: int) -> None:
        """Count what a round of reconcile did."""
        self._expired.labels("again").inc(freed)
        self._expired.labels("given_up").inc(given_up)
        self._rung.inc(rung)
