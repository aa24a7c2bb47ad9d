"""What happens to an account's videos, as it happens."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Header, Query

from carrete.api.openapi import operation
from carrete.api.state import AccountDep, ApiDep
from carrete.api.stream import EventStream

MAX_EVENT_ID = 2**63 - 1
_EXAMPLE = """retry: 1000

id: 41
event: hello
data: {"last_event_id":41}

id: 42
event: video.queued
data: {"video_id":"0198c5a2-7d3e-7a10-9f4e-5b1d2c3a4e5f","type":"video.queued",\
"at":"2026-03-01T12:01:10Z","data":{}}

event: video.progress
data: {"video_id":"0198c5a2-7d3e-7a10-9f4e-5b1d2c3a4e5f","type":"video.progress",\
"at":"2026-03-01T12:01:20Z","data":{"progress":0.42,"task":{"kind":"encode","index":0,\
"attempt":1,"progress":0.5}}}

"""
_SCHEMA = {
    "description": "One event of the stream",
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "For `Last-Event-ID`; progress has none"},
        "event": {"type": "string", "description": "Its type, or `hello`"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "anyOf": [
                    {"$ref": "#/components/schemas/Event"},
                    {"$ref": "#/components/schemas/Hello"},
                ]
            },
        },
    },
    "required": ["event", "data"],
}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events, until either side ends",
        "content": {"text/event-stream": {"schema": _SCHEMA, "example": _EXAMPLE}},
    }
}


def add_routes(app: FastAPI) -> None:
    """Give the functions of this file their paths."""
    app.add_api_route(
        "/api/events",
        watch_events,
        methods=["GET"],
        response_class=EventStream,
        **operation(
            "watchEvents",
            "Follow live",
            "events",
            codes=("not_found", "too_many_streams"),
            responses=STREAM,
        ),
    )


async def watch_events(
    account: AccountDep,
    api: ApiDep,
    video_id: Annotated[UUID | None, Query(description="Only this video's events")] = None,
    last_event_id: Annotated[
        int | None, Query(ge=0, le=MAX_EVENT_ID, description="As the header `Last-Event-ID`")
    ] = None,
    last_seen: Annotated[
        int | None,
        Header(
            alias="Last-Event-ID",
            ge=0,
            le=MAX_EVENT_ID,
            description="The stream goes on right after this event, without gap or repetition",
        ),
    ] = None,
) -> EventStream:
    """Server-sent events of the account's videos.

    Without `Last-Event-ID` the stream starts with the present: its first event is `hello`, whose id
    is that of the newest event. `video.progress` events have no id and are not repeated.
    """
    log = api.container.events
    if video_id is not None:
        await api.container.videos.video(account.id, video_id)
    # The header first: a browser that reconnects sends it along with the address it began with.
    after = last_event_id if last_seen is None else last_seen
    subscription = api.hub.subscribe(account.id, video_id)
    try:
        newest = await log.last_event_id(account.id)
    except BaseException:
        api.hub.unsubscribe(subscription)
        raise
    if after is None or after > newest:
        # A client that knows more than the log has seen another database: it starts afresh.
        return EventStream(api.hub, log, subscription, newest, hello=True)
    subscription.mark_missed()
    return EventStream(api.hub, log, subscription, after, hello=False)
