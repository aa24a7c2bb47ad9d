"""A real browser with a real player: hls.js in Debian's Chromium."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, Route
from tests.clips import make_clip
from tests.e2e.browser.player import Player
from tests.e2e.chromium import absent, find_chromium, open_browser
from tests.e2e.conftest import Person

from carrete.local.stack import Stack

HERE = Path(__file__).parent
HLS_JS = HERE / "node_modules/hls.js/dist/hls.min.js"
CLIP_S = 40


@pytest.fixture(scope="session")
def hls_js() -> Path:
    if not HLS_JS.exists():
        npm = shutil.which("npm") is not None
        absent(f"hls.js is not there: {'run `make setup`' if npm else 'no npm'}", expected=npm)
    return HLS_JS


@pytest.fixture(scope="session")
def chromium() -> str:
    return find_chromium()


@pytest.fixture(scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with open_browser(chromium) as browser:
        yield browser


@pytest.fixture
async def page(browser: Browser, stack: Stack, person: Person, hls_js: Path) -> AsyncIterator[Page]:
    """A page of somebody who is signed in, with the player's files at the API's own origin."""
    context = await browser.new_context(viewport={"width": 660, "height": 380})
    # A page that was answered by a route has no address, so that Chromium takes it for one of the
    # internet that reaches into this machine; served by the API it would be of this machine.
    await context.grant_permissions(["local-network-access"], origin=stack.api_url)
    token = person.client.http.headers["Authorization"].removeprefix("Bearer ")
    await context.add_cookies([{"name": "carrete_session", "value": token, "url": stack.api_url}])
    page = await context.new_page()
    files = {
        "/__player": HERE / "player.html",
        "/__player/player.js": HERE / "player.js",
        "/__player/hls.js": hls_js,
    }

    async def answer(route: Route) -> None:
        await route.fulfill(path=files[urlsplit(route.request.url).path])

    await page.route(lambda url: urlsplit(url).path in files, answer)
    yield page
    await context.close()


@pytest.fixture
def player(page: Page, stack: Stack) -> Player:
    return Player(page, stack.api_url)


@pytest.fixture(scope="session")
def slow_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough that a player is well under way before it is encoded."""
    return make_clip(tmp_path_factory.mktemp("clips") / "slow.mp4", CLIP_S)
