"""Parts of an upload on their way to the store, which a test lets pass or holds."""

import asyncio
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import Route
from tests.e2e.page.site import WAIT_MS, Site

PLENTY = 100
"""More parts than any upload here has."""


class Parts:
    """Parts on their way to the store: the first few pass, the others are held.

    Attributes:
        sent: numbers of those that were sent, held or not.
    """

    def __init__(self, passing: int) -> None:
        self.left = passing
        self.sent: list[int] = []
        self.held: list[Route] = []
        self._more = asyncio.Condition()

    async def handle(self, route: Route) -> None:
        if route.request.method != "PUT":
            await route.continue_()
            return
        query = parse_qs(urlsplit(route.request.url).query)
        self.sent.append(int(query["partNumber"][0]))
        if self.left == 0:
            async with self._more:
                self.held.append(route)
                self._more.notify_all()
            return
        self.left -= 1
        await route.continue_()

    async def until_held(self) -> None:
        """Wait until one is held.

        Raises:
            AssertionError: none came.
        """
        try:
            async with asyncio.timeout(WAIT_MS / 1000), self._more:
                await self._more.wait_for(lambda: len(self.held) > 0)
        except TimeoutError as exc:
            msg = f"no part is held; these were sent: {self.sent}"
            raise AssertionError(msg) from exc

    async def drop(self) -> None:
        """Those that are held are lost, as when the line breaks; none is held from now on."""
        self.left = PLENTY
        held, self.held = self.held, []
        for route in held:
            await route.abort("internetdisconnected")


async def until_stored(site: Site, count: int) -> tuple[str, set[int]]:
    """Wait until the store lists so many parts of the only video.

    Returns:
        The video's id, and the numbers of its parts.

    Raises:
        AssertionError: fewer came.
    """
    video: str = (await site.ask("/api/videos"))["items"][0]["id"]
    stored: set[int] = set()
    try:
        async with asyncio.timeout(WAIT_MS / 1000):
            # No event tells of a part: the page learns of it from the store's answer alone.
            while len(stored) < count:
                await asyncio.sleep(0.2)
                upload = await site.ask(f"/api/videos/{video}/upload")
                stored = {part["number"] for part in upload["parts"]}
    except TimeoutError as exc:
        raise AssertionError(f"only these parts were stored: {stored}") from exc
    return video, stored
