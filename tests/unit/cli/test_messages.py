"""Messages exist in both languages and agree with the code that says them."""

import re
import string
from pathlib import Path
from typing import Any

import pytest
import typer

import carrete.cli
from carrete.cli.catalog import MESSAGES
from carrete.cli.checks import Status
from carrete.cli.help_es import EXAMPLES, PARAGRAPHS, translate
from carrete.cli.main import build_app
from carrete.cli.messages import Speaker, pick_language
from carrete.domain.task import TaskState
from carrete.domain.video import VideoState

SOURCES = "\n".join(
    path.read_text()
    for path in Path(carrete.cli.__path__[0]).glob("*.py")
    if path.name != "catalog.py"
)
BY_STATE = {
    *(f"state_{state}" for state in VideoState),
    *(f"task_{state}" for state in TaskState),
    *(f"check_{status}" for status in Status),
}
"""Keys that the code puts together."""


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", MESSAGES)
def test_a_message_says_the_same_in_each_language(key: str) -> None:
    sentence = MESSAGES[key]
    assert sentence.en.strip()
    assert sentence.es.strip()
    assert placeholders(sentence.en) == placeholders(sentence.es)


def test_every_message_is_said_somewhere_and_every_word_has_its_message() -> None:
    said = set(re.findall(r'"([a-z0-9_]+)"', SOURCES))
    assert set(MESSAGES) - said - BY_STATE == set()
    assert set(MESSAGES) >= BY_STATE
    spoken = set(re.findall(r'(?:say|note|CommandError)\(\s*"([a-z0-9_]+)"', SOURCES))
    assert spoken - set(MESSAGES) == set()


def texts(command: Any) -> list[str]:
    found = [text for text in (command.help, command.epilog) if text]
    found += [item.help for item in command.params if getattr(item, "help", None)]
    for subcommand in getattr(command, "commands", {}).values():
        found += texts(subcommand)
    return found


def test_every_paragraph_of_help_has_its_translation() -> None:
    paragraphs = {
        " ".join(part.split())
        for text in texts(typer.main.get_command(build_app()))
        for part in text.split("\n\n")
    }
    needed = {text for text in paragraphs if text.partition(": ")[0] not in EXAMPLES}
    assert needed - set(PARAGRAPHS) == set()


def test_examples_are_kept_as_they_are() -> None:
    assert translate("Workers.\n\nExample: `carrete up`") == (
        "Procesos que trabajan.\n\nEjemplo: `carrete up`"
    )


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("es", "es"),
        ("es_ES.UTF-8", "es"),
        ("es-MX", "es"),
        ("ES", "es"),
        ("en_GB", "en"),
        ("C.UTF-8", "en"),
        ("de_DE", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_that_of_the_locale(locale: str, language: str) -> None:
    assert pick_language(locale) == language


def test_values_with_braces_are_no_placeholders() -> None:
    assert "{x}" in Speaker("en")("bad_server", url="{x}")


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "–"), (0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (14_626_775, "14.6 MB")],  # noqa: RUF001
)
def test_sizes_are_for_people(count: float | None, text: str) -> None:
    assert Speaker("en").size(count) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (61, "1:01"), (3725, "1:02:05")]
)
def test_times_are_for_people(value: float, text: str) -> None:
    assert Speaker("en").seconds(value) == text


def test_spanish_writes_a_decimal_comma() -> None:
    assert Speaker("es").size(1500) == "1,5 kB"
