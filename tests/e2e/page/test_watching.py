"""A video's page: played while it is made, followed, changed, handed on."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Route
from tests.e2e.page.conftest import SCREENS, OpenSite
from tests.e2e.page.site import WAIT_MS, Site

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

VIDEO = "document.querySelector('video')"
SMALLEST = "RESOLUTION=640x360"


async def serve_as_in_the_first_seconds(site: Site) -> None:
    """Until a video is ready, its playlist lists no more than is there at the very first."""

    async def handle(route: Route) -> None:
        video = await site.ask(route.request.url.removeprefix(site.url).split("/hls/")[0])
        answer = await route.fetch()
        head, *streams = (await answer.text()).split("#EXT-X-STREAM-INF")
        listed = streams if video["state"] == "ready" else [s for s in streams if SMALLEST in s]
        await route.fulfill(response=answer, body="#EXT-X-STREAM-INF".join([head, *listed]))

    await site.page.route("**/hls/master.m3u8", handle)


async def until_offered(site: Site, *names: str) -> None:
    """Wait until the menu of sizes offers these beside the automatic choice."""
    button = site.page.get_by_role("button", name="Quality")
    items = site.page.get_by_role("menuitemradio")
    found: list[str] = []
    try:
        async with asyncio.timeout(WAIT_MS / 1000):
            while found != ["Auto", *names]:
                await button.click()
                await items.first.wait_for()
                found = [text.split(" ")[0] for text in await items.all_inner_texts()]
                await site.page.keyboard.press("Escape")
                await items.first.wait_for(state="detached")
    except TimeoutError as exc:
        raise AssertionError(f"offers {found}, never {names}") from exc


async def preview_at(site: Site, fraction: float) -> str:
    """Which part of the storyboard is shown while the pointer is over a place of the seek bar."""
    bar = site.page.locator("media-time-range")
    box = await bar.bounding_box()
    assert box is not None
    await bar.hover(position={"x": box["width"] * fraction, "y": box["height"] / 2})
    picture = site.page.locator("media-preview-thumbnail[slot=preview] img")
    await picture.wait_for()
    assert await picture.evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)")
    place: str = await picture.evaluate("(image) => getComputedStyle(image).transform")
    return place


async def until_ready(site: Site, video_id: str) -> None:
    """Wait for the page itself to say so."""
    await site.page.get_by_text("Everything is ready").wait_for(timeout=120_000)
    assert (await site.ask(f"/api/videos/{video_id}"))["state"] == "ready"


async def test_a_video_plays_while_it_is_made_and_its_map_lights_up(
    site: Site, long_clip: Path
) -> None:
    await serve_as_in_the_first_seconds(site)
    await site.pick(long_clip)
    await site.card("Forty seconds", "processing").wait_for()
    video_id = await site.open_video("Forty seconds")
    cells = site.page.locator("[data-column]")
    await cells.first.wait_for()
    await site.until(f"{VIDEO}?.readyState >= 2")
    await site.page.evaluate(f"window.stayed = true; void {VIDEO}.play()")
    await site.until(f"{VIDEO}.currentTime > 1")
    await until_offered(site, "360p")
    assert (await site.ask(f"/api/videos/{video_id}"))["state"] == "processing"
    await site.until("document.querySelectorAll('[data-column][data-state=running]').length > 0")
    await site.until("document.querySelectorAll('[data-column][data-state=done]').length > 0")
    SCREENS.mkdir(parents=True, exist_ok=True)
    await site.page.screenshot(path=SCREENS / "at-work-desktop-light.png", full_page=True)

    await until_ready(site, video_id)
    await site.until(
        "document.querySelectorAll('[data-column]:not([data-state=done])').length === 0"
    )
    await site.until(f"Math.abs({VIDEO}.duration - 40) < 0.2")
    await until_offered(site, "720p", "480p", "360p")
    await site.until(f"{VIDEO}.currentTime > 1")
    assert await preview_at(site, 0.2) != await preview_at(site, 0.8)

    for height in (360, 720):
        await site.page.get_by_role("button", name="Quality").click()
        await site.page.get_by_role("menuitemradio", name=f"{height}p", exact=True).click()
        await site.page.evaluate(f"{VIDEO}.currentTime = 2; void {VIDEO}.play()")
        await site.until(f"{VIDEO}.videoHeight === {height} && {VIDEO}.currentTime > 2.5")

    await cells.first.hover()
    await site.page.get_by_text("attempt 1").wait_for()
    await site.page.get_by_role("group", name="Chunk map").press("ArrowRight")
    await site.page.get_by_role("cell", name="H.264").first.wait_for()
    assert await site.page.evaluate("window.stayed")


async def test_a_processed_video_is_downloaded_renamed_and_processed_again(
    site: Site, real_clip: Path, tmp_path: Path
) -> None:
    await site.pick(real_clip)
    await site.card("Big Buck Bunny", "ready").wait_for()
    video_id = await site.open_video("Big Buck Bunny")
    async with site.page.expect_download() as downloading:
        await site.page.get_by_role("link", name="Download").click()
    download = await downloading.value
    assert download.suggested_filename == "Big Buck Bunny.mp4"
    saved = tmp_path / "saved.mp4"
    await download.save_as(saved)
    video = await site.ask(f"/api/videos/{video_id}")
    assert saved.stat().st_size == video["output_bytes"]

    await site.page.get_by_role("button", name="More actions").click()
    await site.page.get_by_role("menuitem", name="Rename").click()
    await site.page.get_by_role("textbox", name="Name").fill("Conejo.mp4")
    await site.page.get_by_role("button", name="Save").click()
    await site.page.get_by_role("heading", name="Conejo.mp4").wait_for()

    await site.page.get_by_role("button", name="More actions").click()
    await site.page.get_by_role("menuitem", name="Process again").click()
    await site.page.get_by_role("dialog").get_by_role("button", name="Process again").click()
    # What is there stays playable while the new one is made.
    again = site.page.get_by_text("Plays already")
    await again.wait_for()
    await again.wait_for(state="detached")
    assert (await site.ask(f"/api/videos/{video_id}"))["state"] == "ready"


async def test_a_deleted_video_can_be_taken_back_and_is_gone_when_it_is_not(
    site: Site, real_clip: Path
) -> None:
    await site.pick(real_clip)
    await site.card("Big Buck Bunny", "ready").wait_for()
    await site.card("Big Buck Bunny").get_by_role("checkbox").check(force=True)
    await site.page.get_by_role("button", name="Delete").click()
    await site.card("Big Buck Bunny").wait_for(state="detached")
    await site.page.get_by_role("button", name="Undo").click()
    await site.card("Big Buck Bunny").wait_for()
    assert len((await site.ask("/api/videos"))["items"]) == 1

    await site.card("Big Buck Bunny").get_by_role("checkbox").check(force=True)
    await site.page.get_by_role("button", name="Delete").click()
    async with site.page.expect_response("**/api/videos/delete") as answering:
        pass
    assert (await answering.value).status == 202
    await site.page.reload()
    await site.page.get_by_text("Nothing on the reel yet").wait_for()


async def test_a_link_plays_for_strangers_until_it_is_taken_back(
    site: Site, open_site: OpenSite, real_clip: Path
) -> None:
    await site.pick(real_clip)
    await site.card("Big Buck Bunny", "ready").wait_for()
    await site.open_video("Big Buck Bunny")
    await site.page.get_by_role("button", name="Share").click()
    dialog = site.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Make a link").click()
    link = await dialog.locator("a[href*='/s/']").get_attribute("href") or ""

    stranger = await open_site()
    await stranger.page.goto(link)
    await stranger.page.get_by_role("heading", name="Big Buck Bunny").wait_for()
    await stranger.until(f"{VIDEO}?.readyState >= 2")
    await stranger.page.evaluate(f"{VIDEO}.play()")
    await stranger.until(f"{VIDEO}.currentTime > 0.5")
    # The player's help is made only now: the policy has to know its styles as well.
    help_open = stranger.page.locator("media-keyboard-shortcuts-dialog[open]")
    await stranger.page.locator("media-controller").press("Shift+?")
    await help_open.wait_for()
    await stranger.page.keyboard.press("Escape")
    await help_open.wait_for(state="detached")
    await stranger.page.goto(link.replace("/s/", "/embed/"))
    await stranger.until(f"{VIDEO}?.readyState >= 2")

    await dialog.get_by_role("button", name="Take the link back").click()
    await dialog.locator("a[href*='/s/']").wait_for(state="detached")
    await stranger.page.goto(link)
    await stranger.page.get_by_text("This link no longer works").wait_for()


async def test_a_link_with_a_password_opens_for_those_who_know_it(
    site: Site, open_site: OpenSite, real_clip: Path
) -> None:
    await site.pick(real_clip)
    await site.card("Big Buck Bunny", "ready").wait_for()
    await site.open_video("Big Buck Bunny")
    await site.page.get_by_role("button", name="Share").click()
    dialog = site.page.get_by_role("dialog")
    await dialog.get_by_label("Password").fill("olives")
    await dialog.get_by_role("button", name="Make a link").click()
    link = await dialog.locator("a[href*='/s/']").get_attribute("href") or ""

    stranger = await open_site()
    await stranger.page.goto(link)
    await stranger.page.get_by_text("This video has a password").wait_for()
    assert "Bunny" not in await stranger.page.content()
    await stranger.page.get_by_label("Password").fill("figs")
    await stranger.page.get_by_role("button", name="Watch").click()
    await stranger.page.get_by_text("That is not the password").wait_for()
    await stranger.page.get_by_label("Password").fill("olives")
    await stranger.page.get_by_role("button", name="Watch").click()
    await stranger.until(f"{VIDEO}?.readyState >= 2")
