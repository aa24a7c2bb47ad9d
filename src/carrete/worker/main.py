"""Start and stop of a worker process."""

import asyncio
import os
import secrets
import signal
import socket
from contextlib import suppress

import structlog
from prometheus_client import start_http_server

from carrete import __version__
from carrete.bootstrap import (
    Container,
    make_transcoder,
    open_container,
    open_notices,
    open_workspace,
)
from carrete.config import Settings
from carrete.domain.failures import TransientError
from carrete.log import configure_logging
from carrete.metrics import WorkerMetrics, new_registry
from carrete.ports import WorkerReport, Workspace
from carrete.tracing import tracing
from carrete.usecases.reconcile import Reconciler
from carrete.usecases.run_task import TaskRunner
from carrete.worker.loop import Slot
from carrete.worker.notices import told_to_go, watch_notices
from carrete.worker.report import report_until_canceled

log = structlog.get_logger(__name__)

DAY_S = 86400


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; blocking.

    A second signal does not hurry it: the grace time is bounded.
    """
    configure_logging(settings.log_level, json=settings.log_json)
    with tracing(settings.otlp_endpoint, "carrete-worker", settings.trace_sample):
        asyncio.run(serve(settings))


def worker_name() -> str:
    """A name that no other worker has: where it runs, and a random part."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(3)}"


async def serve(settings: Settings) -> None:
    """Run all slots and the reconcile loop until a signal says stop."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    name = worker_name()
    registry = new_registry()
    metrics = WorkerMetrics(registry)
    async with (
        open_container(settings) as container,
        open_workspace(settings, container, name, metrics.read) as workspace,
        open_notices(settings) as notices,
    ):
        if settings.worker_metrics_port:
            start_http_server(settings.worker_metrics_port, "127.0.0.1", registry)
        log.info("worker started", worker=name, slots=settings.worker_slots)
        with structlog.contextvars.bound_contextvars(worker=name):
            if notices is not None and await told_to_go(notices):
                # started again on a machine that goes: what it would begin, it could not end
                return
            async with asyncio.TaskGroup() as group:
                if notices is not None:
                    group.create_task(watch_notices(notices, stopping, settings.imds_poll_s))
                reconciling = group.create_task(
                    reconcile_loop(settings, container, metrics, stopping)
                )
                report = WorkerReport(
                    name, socket.gethostname()[:100], __version__, settings.worker_slots
                )
                reporting = group.create_task(
                    report_until_canceled(report, container.operator, stopping)
                )
                slots = [
                    group.create_task(
                        make_slot(settings, container, workspace, name, metrics, stopping).run()
                    )
                    for _ in range(settings.worker_slots)
                ]
                await asyncio.gather(*slots)
                reconciling.cancel()
                reporting.cancel()
        log.info("worker stopped", worker=name)


def make_slot(  # noqa: PLR0917 - what it is made of
    settings: Settings,
    container: Container,
    workspace: Workspace,
    name: str,
    metrics: WorkerMetrics,
    stopping: asyncio.Event,
) -> Slot:
    """A slot that works with a container's ports."""
    runner = TaskRunner(
        jobs=container.jobs,
        videos=container.videos,
        objects=container.objects,
        queue=container.queue,
        transcoder=make_transcoder(settings),
        workspace=workspace,
        lease_s=settings.lease_s,
        heartbeat_s=settings.heartbeat_s,
        visibility_s=settings.visibility_s,
    )
    return Slot(
        name=name,
        jobs=container.jobs,
        queue=container.queue,
        runner=runner,
        metrics=metrics,
        stopping=stopping,
        lease_s=settings.lease_s,
        visibility_s=settings.visibility_s,
        stop_grace_s=settings.stop_grace_s,
    )


def make_reconciler(settings: Settings, container: Container) -> Reconciler:
    """A reconciler that works with a container's ports."""
    return Reconciler(
        videos=container.videos,
        accounts=container.accounts,
        maintenance=container.maintenance,
        objects=container.objects,
        queue=container.queue,
        resend_s=settings.resend_s,
        upload_expiry_s=settings.upload_expiry_s,
        sweep_grace_s=settings.sweep_grace_s,
        event_s=settings.event_days * DAY_S,
    )


async def reconcile_loop(
    settings: Settings, container: Container, metrics: WorkerMetrics, stopping: asyncio.Event
) -> None:
    """Reconcile every ``reconcile_s`` seconds until the stop."""
    reconciler = make_reconciler(settings, container)
    while not stopping.is_set():
        try:
            done = await reconciler.round()
            metrics.reconciled(done.freed, done.given_up, done.rung)
            if done.freed or done.given_up or done.abandoned:
                log.info(
                    "reconciled",
                    freed=done.freed,
                    given_up=done.given_up,
                    abandoned=done.abandoned,
                    rung=done.rung,
                    swept=done.swept,
                )
        except TransientError as exc:
            log.warning("reconcile could not finish its round", error=str(exc))
        with suppress(TimeoutError):
            async with asyncio.timeout(settings.reconcile_s):
                await stopping.wait()
