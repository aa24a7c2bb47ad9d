"""Parts of an upload on their way to the store, which a test lets pass or holds."""

import asyncio

from playwright.async_api import Route

PLENTY = 100
"""More parts than any upload here has."""


class Parts:
    """Parts on their way to the store: the first few pass, the others are held."""

    def __init__(self, passing: int) -> None:
        self.left = passing
        self.sent = 0
        self.stored = asyncio.Event()
        self.held: list[Route] = []

    async def handle(self, route: Route) -> None:
        if route.request.method != "PUT":
            await route.continue_()
            return
        self.sent += 1
        if self.left == 0:
            self.held.append(route)
            self.stored.set()
            return
        self.left -= 1
        await route.continue_()

    async def drop(self) -> None:
        """Those that are held are lost, as when the line breaks; none is held from now on."""
        self.left = PLENTY
        held, self.held = self.held, []
        for route in held:
            await route.abort("internetdisconnected")
