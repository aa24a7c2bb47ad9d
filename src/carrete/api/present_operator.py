"""Answers to the operator, as plain JSON values: the schemas of ``schemas.operator``."""

from typing import Any

from carrete.ports import KnownAccount, KnownWorker, Tally
from carrete.usecases.operate import AccountPage, DeadLetter, History, Overview, TaskAtWork


def overview(value: Overview) -> dict[str, Any]:
    """See ``schemas.Overview``."""
    return {
        "queue": {
            "waiting": value.depth.waiting,
            "in_flight": value.depth.in_flight,
            "oldest_age_s": value.backlog.oldest_ring_s,
        },
        "dead_letters": value.depth.dead,
        "tasks": {
            "pending": value.backlog.pending,
            "running": value.backlog.running,
            "oldest_pending_s": value.backlog.oldest_pending_s,
        },
        "workers": [_worker(one, value.tasks.get(one.report.name, [])) for one in value.workers],
    }


def history(value: History) -> dict[str, Any]:
    """See ``schemas.History``."""
    return {"bucket_s": value.bucket_s, "buckets": [_bucket(one) for one in value.buckets]}


def dead_letters(value: list[DeadLetter]) -> dict[str, Any]:
    """See ``schemas.DeadLetters``."""
    return {"items": [_dead_letter(one) for one in value]}


def users(value: AccountPage) -> dict[str, Any]:
    """See ``schemas.Users``."""
    return {"items": [user(one) for one in value.accounts], "next_cursor": value.after}


def user(value: KnownAccount) -> dict[str, Any]:
    """See ``schemas.User``."""
    return {
        "id": value.account.id,
        "email": value.account.email,
        "role": value.account.role,
        "created_at": value.account.created_at,
        "videos": value.videos,
        "stored_bytes": value.usage.stored_bytes,
        "minutes_today": round(value.usage.minutes_today, 2),
        "quota": {
            "stored_bytes": value.quota.stored_bytes,
            "videos_in_flight": value.quota.videos_in_flight,
            "minutes_per_day": value.quota.minutes_per_day,
        },
    }


def _worker(value: KnownWorker, tasks: list[TaskAtWork]) -> dict[str, Any]:
    return {
        "name": value.report.name,
        "host": value.report.host,
        "version": value.report.version,
        "started_at": value.started_at,
        "seen_at": value.seen_at,
        "draining": value.report.draining,
        "slots": value.report.slots,
        "tasks": [_task(one) for one in tasks],
    }


def _task(value: TaskAtWork) -> dict[str, Any]:
    return {
        "video_id": value.task.video_id,
        "owner_id": value.task.owner_id,
        "kind": value.task.kind,
        "index": value.task.index,
        "attempt": value.task.attempt,
        "progress": round(value.task.progress, 4),
        "started_at": value.task.started_at,
        "speed": None if value.speed is None else round(value.speed, 3),
    }


def _bucket(value: Tally) -> dict[str, Any]:
    return {
        "at": value.at,
        "ready": value.ready,
        "failed": value.failed,
        "source_seconds": value.source_seconds,
        "bytes_in": value.bytes_in,
        "bytes_out": value.bytes_out,
        "tasks_lost": value.tasks_lost,
    }


def _dead_letter(value: DeadLetter) -> dict[str, Any]:
    letter, task = value.message, value.task
    return {
        "message_id": letter.message.id,
        "task_id": letter.task_id,
        "video_id": task.video_id if task else None,
        "owner_email": task.owner_email if task else None,
        "kind": task.kind if task else None,
        "failure": task.failure if task else None,
        "detail": letter.reason,
        "at": letter.message.sent_at,
    }
