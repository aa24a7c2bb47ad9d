"""Debian's Chromium, driven by Playwright, for every test that needs a browser."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

QUIET = (
    # Nothing but the test's own requests, and no dialog before the page.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # No hand is there to press play.
    "--autoplay-policy=no-user-gesture-required",
)


def absent(what: str, *, expected: bool) -> None:
    """Skip where it can't be had; fail where the result counts and set-up brings it."""
    if expected and os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(what)
    pytest.skip(what)


def find_chromium() -> str:
    """Where it is."""
    found = shutil.which("chromium")
    root = os.geteuid() == 0
    if found is None:
        installable = root and Path("/etc/debian_version").exists()
        absent("Chromium is not there: run `make system`", expected=installable)
    return found or ""


@asynccontextmanager
async def open_browser(chromium: str) -> AsyncIterator[Browser]:
    """A running browser without a window."""
    # Chromium's own sandbox does not work for root.
    flags = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        await browser.close()
