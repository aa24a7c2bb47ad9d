from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from carrete.adapters.postgres.migrate import differences, migrate, revisions
from carrete.config import ConfigError, configuration_page, load_settings
from carrete.local.postgres import PostgresServer

ROOT = Path(__file__).parents[3]


@pytest.fixture
def empty(postgres: PostgresServer) -> str:
    """URL of an empty database."""
    name = f"empty_{uuid4().hex[:12]}"
    with psycopg.connect(
        host=str(postgres.directory), user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres.dsn(name)


def test_migrations_go_up_down_and_up_again(empty: str) -> None:
    migrate(empty)
    current, newest = revisions(empty)
    assert current == newest is not None
    migrate(empty, "base")
    assert revisions(empty)[0] is None
    migrate(empty)
    assert revisions(empty)[0] == newest


def test_a_database_that_a_later_release_migrated_is_left_alone(empty: str) -> None:
    migrate(empty)
    with psycopg.connect(empty.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    migrate(empty)
    assert revisions(empty)[0] == "9999"


def test_the_migrated_database_is_what_the_tables_say(empty: str) -> None:
    migrate(empty)
    assert differences(empty) == []


def test_the_page_of_settings_is_what_the_code_says() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == configuration_page(), "run `make docs`"


def test_missing_settings_are_named_with_their_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARRETE_API_PORT", "many")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert "CARRETE_S3_BUCKET is not set (Bucket of originals and results)" in str(caught.value)
    assert "CARRETE_API_PORT is wrong" in str(caught.value)
