import asyncio
from contextlib import suppress

import pytest

from carrete.adapters.memory import MemoryStore
from carrete.domain.failures import TransientError
from carrete.ports import WorkerReport
from carrete.worker import report
from carrete.worker.report import report_until_canceled

MINE = WorkerReport("w", "host", "1.0", 2)


class Heard(MemoryStore):
    """Remembers reports, and may be out of reach for the first of them."""

    def __init__(self, failures: int = 0) -> None:
        super().__init__()
        self.failures = failures
        self.reports: asyncio.Queue[bool] = asyncio.Queue()

    async def report_worker(self, report: WorkerReport) -> None:
        if self.failures:
            self.failures -= 1
            raise TransientError("away")
        await super().report_worker(report)
        self.reports.put_nowait(report.draining)


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_stop_is_reported_at_once_and_the_end_with_a_goodbye() -> None:
    store, stopping = Heard(), asyncio.Event()
    task = asyncio.create_task(report_until_canceled(MINE, store, stopping))
    async with asyncio.timeout(2):
        assert await store.reports.get() is False
        stopping.set()
        assert await store.reports.get() is True
    assert [one.report.draining for one in await store.workers()] == [True]
    assert store.reports.empty()
    await stop(task)
    assert await store.workers() == []


async def test_a_database_out_of_reach_is_told_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "REPORT_S", 0.01)
    store = Heard(failures=2)
    task = asyncio.create_task(report_until_canceled(MINE, store, asyncio.Event()))
    async with asyncio.timeout(2):
        assert await store.reports.get() is False
    await stop(task)
