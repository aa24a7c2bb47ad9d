"""Parts of an upload on their way to the store, which a test lets pass or holds."""

import asyncio

from playwright.async_api import Route
from tests.e2e.page.site import WAIT_MS, Site

PLENTY = 100
"""More parts than any upload here has."""


class Parts:
    """Parts on their way to the store: the first few pass, the others are held."""

    def __init__(self, passing: int) -> None:
        self.left = passing
        self.sent = 0
        self.held: list[Route] = []
        self._more = asyncio.Condition()

    async def handle(self, route: Route) -> None:
        if route.request.method != "PUT":
            await route.continue_()
            return
        self.sent += 1
        if self.left == 0:
            async with self._more:
                self.held.append(route)
                self._more.notify_all()
            return
        self.left -= 1
        await route.continue_()

    async def until_held(self, count: int = 1) -> None:
        """Wait until so many are held."""
        async with asyncio.timeout(WAIT_MS / 1000), self._more:
            await self._more.wait_for(lambda: len(self.held) >= count)

    async def drop(self) -> None:
        """Those that are held are lost, as when the line breaks; none is held from now on."""
        self.left = PLENTY
        held, self.held = self.held, []
        for route in held:
            await route.abort("internetdisconnected")


async def until_stored(site: Site, count: int) -> str:
    """Wait until the store lists so many parts of the only video; returns its id."""
    video: str = (await site.ask("/api/videos"))["items"][0]["id"]
    async with asyncio.timeout(WAIT_MS / 1000):
        # No event tells of a part: the page learns of it from the store's answer alone.
        while len((await site.ask(f"/api/videos/{video}/upload"))["parts"]) < count:
            await asyncio.sleep(0.2)
    return video
