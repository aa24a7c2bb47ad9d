"""The SQL of a list of videos: filters, orders, and where a page begins."""

from typing import Any
from uuid import UUID

from carrete.adapters.postgres import rows
from carrete.domain.library import Position, VideoQuery
from carrete.domain.video import VideoState

# By the order's attribute: what a row has, and the same of a position's value. Ids grow with time.
_ORDERS = {
    "created_at": ("v.id", ":after_id"),
    "name": ("lower(v.name)", "lower(CAST(:after AS text))"),
    "size_bytes": ("v.size_bytes", "CAST(:after AS bigint)"),
    "duration_s": ("coalesce(v.duration_s, -1)", "coalesce(CAST(:after AS float8), -1)"),
}


def listing(
    owner_id: UUID, query: VideoQuery, after: Position | None, limit: int
) -> tuple[str, dict[str, Any]]:
    """A page of the query, by keyset: a page costs the same however far behind it is."""
    condition, values = where(owner_id, query)
    column, value = _ORDERS[query.sort.by]
    way, beyond = ("DESC", "<") if query.sort.down else ("ASC", ">")
    if after is not None:
        condition += f" AND ({column}, v.id) {beyond} ({value}, :after_id)"
        values |= {"after": after.value, "after_id": after.id}
    sql = (
        f"SELECT {rows.VIDEO} FROM video v WHERE {condition}"  # noqa: S608 - constants
        f" ORDER BY {column} {way}, v.id {way} LIMIT :limit"
    )
    return sql, values | {"limit": limit}


def where(owner_id: UUID, query: VideoQuery) -> tuple[str, dict[str, Any]]:
    """The condition that the query's rows of ``video v`` fulfil."""
    condition = "v.owner_id = :owner"
    values: dict[str, Any] = {"owner": owner_id}
    if query.states:
        condition += " AND v.state = ANY(:states)"
        values["states"] = [s.value for s in query.states if s is not VideoState.DELETING]
    else:
        condition += " AND v.state <> 'deleting'"
    if query.text:
        condition += " AND position(lower(CAST(:text AS text)) IN lower(v.name)) > 0"
        values["text"] = query.text
    return condition, values
