"""What a test can ask of the page that plays; see ``player.js``."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from playwright.async_api import Page
from playwright.async_api import TimeoutError as PageTimeoutError

WAIT_S = 90.0
"""Seconds that a condition may take to come true."""


@dataclass(frozen=True)
class Player:
    """hls.js in a page of the API's own origin."""

    page: Page
    api_url: str

    async def play(self, video_id: UUID) -> None:
        """Open the page; it plays by itself."""
        await self.page.goto(f"{self.api_url}/__player?video={video_id}")

    async def until(self, condition: str) -> None:
        """Wait for a JavaScript condition over ``video``, ``hls`` and ``seen``.

        Raises:
            AssertionError: it did not come true, or playing failed for good; with what was seen.
        """
        watched = f"seen.fatal.length > 0 || ({condition})"
        try:
            await self.page.wait_for_function(watched, timeout=WAIT_S * 1000)
        except PageTimeoutError as exc:
            raise AssertionError(f"never came true: {condition}; {await self.seen()}") from exc
        seen = await self.seen()
        assert seen["fatal"] == [], seen

    async def seek(self, to_s: float) -> None:
        """Go to a time, and wait until its picture is there."""
        await self.value(f"video.currentTime = {to_s}")
        await self.until("!video.seeking && video.readyState >= video.HAVE_CURRENT_DATA")

    async def shows_more(self) -> None:
        """Wait until half a second more has been shown."""
        since = await self.value("video.currentTime")
        await self.until(f"video.currentTime > {since} + 0.5")

    async def value(self, expression: str) -> Any:
        """What a JavaScript expression gives."""
        return await self.page.evaluate(expression)

    async def seen(self) -> dict[str, Any]:
        """What the page has written down, and where it stands."""
        found: dict[str, Any] = await self.value("report()")
        return found
