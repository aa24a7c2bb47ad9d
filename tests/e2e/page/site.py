"""What a person can do with the page, and what went wrong behind it."""

import asyncio
import base64
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, Request
from playwright.async_api import TimeoutError as PlaywrightTimeout

PASSWORD = "correct horse battery"
WAIT_MS = 60_000.0
"""Milliseconds that something may take to appear while two workers have all of the machine."""
DROPS = 10
"""Times that files are let go over a page before it takes them."""
LOOK_MS = 5_000.0
"""Milliseconds that a page has to notice files that hang over it, and those that were let go."""

_DROP = """
(files) => {
  const transfer = new DataTransfer();
  for (const { name, type, data } of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type, lastModified: 1700000000000 }));
  }
  for (const type of ["dragenter", "dragover", "drop"]) {
    const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
    document.body.dispatchEvent(new DragEvent(type, options));
  }
}
"""


@dataclass
class Site:
    """The page in one window.

    Attributes:
        faults: scripts that failed, what the security policy refused, requests to strangers.
    """

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    @classmethod
    async def open(cls, context: BrowserContext, url: str) -> "Site":
        """A new window of a browser's profile."""
        site = cls(await context.new_page(), url)
        site.page.set_default_timeout(WAIT_MS)
        site.page.on("pageerror", lambda error: site.faults.append(str(error)))
        site.page.on("console", site._hear)
        site.page.on("request", site._watch)
        return site

    def _hear(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.faults.append(message.text)

    def _watch(self, request: Request) -> None:
        where = urlsplit(request.url)
        if where.scheme in {"http", "https"} and where.hostname not in {"127.0.0.1", "localhost"}:
            self.faults.append(f"asked a stranger: {request.url}")

    async def go(self, path: str = "/") -> None:
        """Open an address of the page."""
        await self.page.goto(self.url + path)

    async def sign_up(self) -> str:
        """Make an account through the form; returns its address."""
        email = f"{uuid4().hex[:12]}@example.org"
        await self.go("/signup")
        await self.page.locator("input[type=email]").fill(email)
        await self.page.locator("input[type=password]").fill(PASSWORD)
        await self.page.locator("button[type=submit]").click()
        await self.page.get_by_test_id("picker").wait_for(state="attached")
        return email

    async def sign_in(self, email: str) -> None:
        """Sign in through the form."""
        await self.go("/signin")
        await self.page.locator("input[type=email]").fill(email)
        await self.page.locator("input[type=password]").fill(PASSWORD)
        await self.page.locator("button[type=submit]").click()
        await self.page.get_by_test_id("picker").wait_for(state="attached")

    async def drop(self, *paths: Path) -> None:
        """Let files fall on the page."""
        files = [
            {
                "name": path.name,
                "type": "video/mp4" if path.suffix == ".mp4" else "",
                "data": base64.b64encode(path.read_bytes()).decode(),
            }
            for path in paths
        ]
        await self.page.evaluate(_DROP, files)

    async def drop_from_disk(self, *paths: Path) -> None:
        """Let files and folders fall on the page as the desktop does it, by their places.

        Once more when nothing comes of it, as people do: a page that is just being built does not
        listen yet.

        Raises:
            AssertionError: the tray shows none of it.
        """
        session = await self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}

        async def drag(kind: str) -> None:
            event = {"type": kind, "x": 400, "y": 400, "data": data}
            await session.send("Input.dispatchDragEvent", event)

        try:
            for _ in range(DROPS):
                await drag("dragEnter")
                await drag("dragOver")
                with suppress(PlaywrightTimeout):
                    await self.page.get_by_test_id("drop-here").wait_for(timeout=LOOK_MS)
                    await drag("drop")
                    await self.uploads.first.wait_for(timeout=LOOK_MS)
                    return
        finally:
            await session.detach()
        shown = await self.page.locator("body").inner_text()
        msg = f"the page took nothing of {paths}; it shows: {shown}"
        raise AssertionError(msg)

    async def pick(self, *paths: Path) -> None:
        """Choose files with the browser's own dialog."""
        await self.page.get_by_test_id("picker").set_input_files(list(paths))

    def card(self, name: str, state: str | None = None) -> Locator:
        """A video in the library, in a state when one is given."""
        which = f"[data-state={state}]" if state else ""
        return self.page.locator(f"article{which}").filter(has_text=name)

    @property
    def uploads(self) -> Locator:
        """All rows of the tray."""
        return self.page.locator("li[data-status]")

    def upload(self, name: str, status: str | None = None) -> Locator:
        """A row of the tray, in a status when one is given."""
        which = f"[data-status={status}]" if status else ""
        return self.page.locator(f"li{which}").filter(has_text=name)

    async def open_video(self, name: str) -> str:
        """Go from the library to a video; returns its id."""
        await self.card(name).locator("a").first.click()
        await self.page.wait_for_url("**/videos/*")
        return self.page.url.rsplit("/", 1)[1]

    async def ask(self, path: str) -> Any:
        """What the API answers to this window's person."""
        answer = await self.page.request.get(f"{self.url}{path}")
        return await answer.json()

    async def until(self, expression: str) -> None:
        """Wait for a JavaScript condition.

        Looked at from outside: Playwright's own waiting evaluates text inside the page, which the
        page's policy refuses.

        Raises:
            AssertionError: it did not come true.
        """
        try:
            async with asyncio.timeout(WAIT_MS / 1000):
                while not await self.page.evaluate(expression):
                    await asyncio.sleep(0.1)
        except TimeoutError as exc:
            raise AssertionError(f"never came true: {expression}") from exc
