"""Migrations: bring a database to a revision, safely from many processes at once."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from carrete.adapters.postgres.engine import translated
from carrete.adapters.postgres.tables import metadata

MIGRATION_LOCK = 0x0CA3
_NEWEST = {"head", "heads"}


def migrate(url: str, revision: str = "head") -> None:
    """Bring the database to ``revision``; one process does it while others wait.

    ``head`` means at least as new as this code: a database that a later release has migrated stays
    as it is, so that a release can be rolled back. Blocking: call it from a program's start, or in
    a thread.

    Args:
        url: ``postgresql+psycopg://…``.
        revision: ``head``, ``base`` or a revision's name.

    Raises:
        TransientError: the database can't be reached.
    """
    engine = create_engine(url, connect_args={"connect_timeout": 10})
    try:
        with translated(), engine.begin() as connection:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:space, 0)"), {"space": MIGRATION_LOCK}
            )
            config = _config()
            config.attributes["connection"] = connection
            if revision in _NEWEST and _is_ahead(connection):
                return
            if _is_below(connection, revision):
                command.upgrade(config, revision)
            else:
                command.downgrade(config, revision)
    finally:
        engine.dispose()


def revisions(url: str) -> tuple[str | None, str | None]:
    """The database's revision and the newest one that this code has.

    Raises:
        TransientError: the database can't be reached.
    """
    engine = create_engine(url, connect_args={"connect_timeout": 10})
    try:
        with translated(), engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return current, ScriptDirectory.from_config(_config()).get_current_head()


def write_revision(url: str, name: str) -> None:
    """Write a new revision with the difference between ``tables`` and the database."""
    config = _config()
    newest = ScriptDirectory.from_config(config).get_current_head() or "0000"
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.revision(config, name, autogenerate=True, rev_id=f"{int(newest) + 1:04d}")
    finally:
        engine.dispose()


def differences(url: str) -> list[object]:
    """Where a migrated database and ``tables`` differ; nothing when they agree."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_server_default": True})
            return list(compare_metadata(context, metadata))
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _is_ahead(connection: Connection) -> bool:
    """Whether the database's revision is one that this code does not know."""
    current = MigrationContext.configure(connection).get_current_revision()
    known = {item.revision for item in ScriptDirectory.from_config(_config()).walk_revisions()}
    return current is not None and current not in known


def _is_below(connection: Connection, revision: str) -> bool:
    if revision in _NEWEST:
        return True
    if revision == "base":
        return False
    current = MigrationContext.configure(connection).get_current_revision()
    script = ScriptDirectory.from_config(_config())
    done = {item.revision for item in script.iterate_revisions(current, "base")}
    return revision not in done
