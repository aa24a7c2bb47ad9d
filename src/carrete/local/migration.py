"""Write a migration from the difference between the tables and the newest revision."""

import asyncio
import sys

from carrete.bootstrap import make_migration
from carrete.local.postgres import PostgresServer


async def main(name: str) -> None:
    """Migrate an empty database of our own and write what it lacks as a new revision."""
    async with PostgresServer() as server:
        await asyncio.to_thread(make_migration, server.dsn(), name)


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:]) or "unnamed"))
