"""A worker tells the operator that it lives, what it is, and whether it is stopping."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import structlog

from carrete.domain.failures import TransientError
from carrete.ports import OperatorStore, WorkerReport

log = structlog.get_logger(__name__)

REPORT_S = 5.0
"""Seconds between reports. Nothing depends on them but what the operator sees."""


async def report_until_canceled(
    report: WorkerReport, operator: OperatorStore, stopping: asyncio.Event
) -> None:
    """Report now, every ``REPORT_S`` seconds and when the stop begins; at the end say goodbye."""
    told = False
    try:
        while True:
            draining = stopping.is_set()
            try:
                await operator.report_worker(replace(report, draining=draining))
                told = draining
            except TransientError as exc:
                log.warning("the worker could not report", error=str(exc))
            await _wait(stopping, told=told)
    finally:
        with suppress(TransientError):
            await asyncio.shield(operator.forget_worker(report.name))


async def _wait(stopping: asyncio.Event, *, told: bool) -> None:
    """Until the next report is due; at once when the stop begins and was not told of."""
    with suppress(TimeoutError):
        async with asyncio.timeout(REPORT_S):
            if told:
                await asyncio.Event().wait()
            await stopping.wait()
