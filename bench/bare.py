"""The least that lists videos over HTTP: no sign-in, no checks, no documentation."""

import sys
from uuid import UUID

import uvicorn
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from carrete.adapters.postgres.rows import VIDEO
from carrete.config import load_settings

SQL = (
    f"SELECT {VIDEO} FROM video v WHERE v.owner_id = :owner"  # noqa: S608 - constants
    " AND v.state <> 'deleting' ORDER BY v.id DESC LIMIT 101"
)


def main(port: int, owner: UUID) -> None:
    """Serve until killed."""
    app = FastAPI()
    engine = create_async_engine(load_settings().database_url.get_secret_value(), pool_size=10)

    @app.get("/videos")
    async def videos() -> list[dict[str, object]]:
        async with engine.begin() as connection:
            found = await connection.execute(text(SQL), {"owner": owner})
            return [dict(row) for row in found.mappings()]

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), UUID(sys.argv[2]))
