"""SQS: the doorbell queue and the dead-letter queue beside it.

Permissions it needs: ``sqs:SendMessage`` to ring; ``sqs:ReceiveMessage``, ``sqs:DeleteMessage``
and ``sqs:ChangeMessageVisibility`` in workers. A message's group is its owner, which makes a
standard queue fair (Amazon SQS fair queues). What a worker then does is decided by PostgreSQL.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from aiohttp import ClientError as HttpError
from botocore.exceptions import BotoCoreError, ClientError

from carrete import tracing
from carrete.adapters.canceled import end_if_canceled
from carrete.domain.failures import TransientError, UnavailableError
from carrete.ports import DeadLetterMessage, Doorbell, Message, QueueDepth

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient
    from types_aiobotocore_sqs.type_defs import (
        MessageAttributeValueTypeDef,
        MessageTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

_BATCH = 10
"""SQS's limit of messages in one request."""

_LONGEST_DELAY_S = 900
_LONGEST_WAIT_S = 20
_REASON_CHARS = 4000
_GONE = {
    "ReceiptHandleIsInvalid",
    "InvalidParameterValue",
    "MessageNotInflight",
    "AWS.SimpleQueueService.MessageNotInflight",
}


_CALL_S = 8.0
"""Seconds that a call may take, the SDK's own retries included, besides what it is asked to wait. A
message is worth no longer wait: ``reconcile`` rings again, and a worker looks without one."""


@asynccontextmanager
async def _asking(doing: str, wait_s: float = 0.0) -> AsyncIterator[None]:
    """Bound a call, and turn the SDK's errors into Carrete's."""
    try:
        async with asyncio.timeout(_CALL_S + wait_s):
            yield
    except (ClientError, BotoCoreError, HttpError, TimeoutError, ConnectionError) as exc:
        end_if_canceled(exc)
        msg = f"{doing}: {type(exc).__name__} {exc}"
        raise UnavailableError(msg) from exc


def _gone(error: TransientError) -> bool:
    cause = error.__cause__
    return isinstance(cause, ClientError) and cause.response["Error"].get("Code") in _GONE


def _sent_at(milliseconds: str | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


class SqsQueue:
    """Conforms to ``ports.Queue``."""

    def __init__(self, client: "SQSClient", queue_url: str, dlq_url: str) -> None:
        """Use an open client; whoever opened it closes it."""
        self._sqs = client
        self._url = queue_url
        self._dlq = dlq_url

    async def ring(self, bells: Sequence[Doorbell], delay_s: float = 0) -> None:
        """See the port."""
        delay = min(max(int(delay_s), 0), _LONGEST_DELAY_S)
        attributes = _attributes()
        for start in range(0, len(bells), _BATCH):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {
                    "Id": str(position),
                    "MessageBody": json.dumps({"task_id": str(bell.task_id)}),
                    "MessageGroupId": str(bell.owner_id),
                    "DelaySeconds": delay,
                    "MessageAttributes": attributes,
                }
                for position, bell in enumerate(bells[start : start + _BATCH])
            ]
            async with _asking("ringing the queue"):
                answer = await self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                msg = f"ringing the queue: {answer['Failed'][0].get('Message')}"
                raise TransientError(msg)

    async def receive(self, wait_s: float, visibility_s: float) -> Message | None:
        """See the port."""
        found = await self._receive(self._url, 1, visibility_s, wait_s)
        return found[0] if found else None

    async def _receive(
        self, url: str, most: int, visibility_s: float, wait_s: float
    ) -> list[Message]:
        async with _asking("listening to the queue", wait_s):
            answer = await self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=most,
                VisibilityTimeout=int(visibility_s),
                WaitTimeSeconds=min(int(wait_s), _LONGEST_WAIT_S),
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                MessageAttributeNames=[tracing.HEADER],
            )
        return [
            Message(
                receipt=item["ReceiptHandle"],
                received=int(item.get("Attributes", {}).get("ApproximateReceiveCount", "1")),
                body=item["Body"],
                id=item["MessageId"],
                sent_at=_sent_at(item.get("Attributes", {}).get("SentTimestamp")),
                traceparent=_traceparent(item),
            )
            for item in answer.get("Messages", [])
        ]

    async def extend(self, message: Message, visibility_s: float) -> None:
        """See the port."""
        try:
            async with _asking("keeping a message hidden"):
                await self._sqs.change_message_visibility(
                    QueueUrl=self._url,
                    ReceiptHandle=message.receipt,
                    VisibilityTimeout=int(visibility_s),
                )
        except TransientError as exc:
            if not _gone(exc):
                raise

    async def delete(self, message: Message) -> None:
        """See the port."""
        await self._delete(self._url, message)

    async def delete_dead_letter(self, message: Message) -> None:
        """See the port."""
        await self._delete(self._dlq, message)

    async def _delete(self, url: str, message: Message) -> None:
        try:
            async with _asking("deleting a message"):
                await self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message.receipt)
        except TransientError as exc:
            if not _gone(exc):
                raise

    async def bury(self, bell: Doorbell, reason: str) -> None:
        """See the port."""
        body = json.dumps({"task_id": str(bell.task_id), "reason": reason[-_REASON_CHARS:]})
        async with _asking("burying a task"):
            await self._sqs.send_message(
                QueueUrl=self._dlq, MessageBody=body, MessageGroupId=str(bell.owner_id)
            )

    async def dead_letters(self, limit: int, visibility_s: float) -> list[DeadLetterMessage]:
        """See the port."""
        found: list[DeadLetterMessage] = []
        while len(found) < limit:
            most = min(_BATCH, limit - len(found))
            batch = await self._receive(self._dlq, most, visibility_s, 0)
            if not batch:
                break
            found += [read_dead_letter(message) for message in batch]
        return found

    async def depth(self) -> QueueDepth:
        """See the port."""
        waiting, hidden = await self._count(self._url)
        dead, looked_at = await self._count(self._dlq)
        return QueueDepth(waiting, hidden, dead + looked_at)

    async def _count(self, url: str) -> tuple[int, int]:
        async with _asking("counting messages"):
            answer = await self._sqs.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesDelayed",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )
        counts = answer["Attributes"]
        shown = int(counts.get("ApproximateNumberOfMessages", "0"))
        delayed = int(counts.get("ApproximateNumberOfMessagesDelayed", "0"))
        return shown + delayed, int(counts.get("ApproximateNumberOfMessagesNotVisible", "0"))

    async def check(self) -> None:
        """See the port."""
        # sending nothing needs no more than SendMessage: SQS refuses the empty batch by its own
        # error when the queue is there, and says so when it is not
        for url in (self._url, self._dlq):
            try:
                await self._sqs.send_message_batch(QueueUrl=url, Entries=[])
            except ClientError as exc:
                if "Empty" in exc.response["Error"].get("Code", ""):
                    continue
                msg = f"queue {url}: {exc}"
                raise TransientError(msg) from exc
            except (BotoCoreError, HttpError, TimeoutError, ConnectionError) as exc:
                msg = f"queue {url}: {exc}"
                raise TransientError(msg) from exc


def _attributes() -> "dict[str, MessageAttributeValueTypeDef]":
    """The context of whoever rings, as OpenTelemetry's messaging conventions have it."""
    traceparent = tracing.current()
    if traceparent is None:
        return {}
    return {tracing.HEADER: {"DataType": "String", "StringValue": traceparent}}


def _traceparent(item: "MessageTypeDef") -> str | None:
    attribute = item.get("MessageAttributes", {}).get(tracing.HEADER)
    return attribute.get("StringValue") if attribute is not None else None


def read_dead_letter(message: Message) -> DeadLetterMessage:
    """Read a dead letter, which may be anything: SQS's own redrive puts messages here too."""
    try:
        value = json.loads(message.body)
        task_id = UUID(value["task_id"])
        reason = str(value.get("reason", "received too often without an end"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return DeadLetterMessage(message, None, f"not a task: {message.body[:200]}")
    return DeadLetterMessage(message, task_id, reason)
