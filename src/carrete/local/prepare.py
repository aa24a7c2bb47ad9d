"""Make what a new sandbox needs before anything else can run: tables, bucket, queues.

Run as ``python -m carrete.local.prepare`` with the environment of the API and the workers.
"""

import asyncio

from carrete import bootstrap
from carrete.config import load_settings


async def prepare() -> None:
    """Migrate the database, then create the bucket and the queues."""
    settings = load_settings()
    # Alembic is not async: in a thread, as everywhere.
    await asyncio.to_thread(bootstrap.migrate, settings.database_url.get_secret_value())
    await bootstrap.create_local_resources(settings)


if __name__ == "__main__":
    asyncio.run(prepare())
