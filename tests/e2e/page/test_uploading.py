"""Uploads as people make them: dropped, interrupted, resumed, refused."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Dialog
from tests.e2e.page.parts import PLENTY, Parts, until_stored
from tests.e2e.page.site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]


WATCH = """
window.seen = [];
new MutationObserver(() => {
  const card = document.querySelector("article");
  const bar = card?.querySelector("[role=progressbar]");
  if (card) seen.push([card.dataset.state, Number(bar?.ariaValueNow ?? -1)]);
}).observe(document.body, { subtree: true, childList: true, attributes: true });
"""


async def test_a_dropped_clip_is_uploaded_and_its_progress_arrives_without_reload(
    site: Site, real_clip: Path
) -> None:
    await site.page.evaluate(WATCH)
    # Let go twice in the same moment, it is one video all the same.
    await asyncio.gather(site.drop(real_clip), site.drop(real_clip))
    await site.upload("Big Buck Bunny").wait_for()
    await site.card("Big Buck Bunny", "ready").wait_for()
    await site.card("Big Buck Bunny").locator("img").wait_for()
    # A reload would have forgotten it.
    seen = await site.page.evaluate("seen")
    assert {"processing", "ready"} <= {state for state, _ in seen}
    assert any(0 < value < 100 for state, value in seen if state == "processing")
    assert len((await site.ask("/api/videos"))["items"]) == 1
    # Its storyboard follows the pointer.
    card = site.card("Big Buck Bunny")
    await card.hover()
    await card.locator("[style*='background-image']").wait_for()


async def test_an_upload_goes_on_after_a_reload_and_sends_only_what_is_missing(
    site: Site, heavy_clip: Path
) -> None:
    before = Parts(passing=2)
    await site.page.route("**/*uploadId=*", before.handle)
    await site.pick(heavy_clip)
    await before.until_held()
    video, stored = await until_stored(site, 2)

    asked: list[str] = []

    async def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.accept()

    site.page.on("dialog", accept)
    await site.page.reload()
    assert asked == ["beforeunload"]

    await site.upload("Heavy", "needs_file").wait_for()
    # Only now: the page before would have sent what is held.
    await site.page.unroute("**/*uploadId=*")
    after = Parts(passing=PLENTY)
    await site.page.route("**/*uploadId=*", after.handle)
    await site.page.get_by_test_id("same-file").set_input_files(heavy_clip)
    await site.upload("Heavy", "done").wait_for()
    assert sorted([*after.sent, *stored]) == [1, 2, 3, 4, 5]
    assert [item["id"] for item in (await site.ask("/api/videos"))["items"]] == [video]


async def test_another_file_is_not_taken_for_the_one_that_was_begun(
    site: Site, heavy_clip: Path, real_clip: Path
) -> None:
    parts = Parts(passing=1)
    await site.page.route("**/*uploadId=*", parts.handle)
    await site.pick(heavy_clip)
    await parts.until_held()
    site.page.on("dialog", lambda dialog: dialog.accept())
    await site.page.reload()
    await site.page.get_by_test_id("same-file").set_input_files(real_clip)
    await site.page.get_by_text("That is another file").wait_for()
    await site.upload("Heavy").get_by_role("button", name="Dismiss").click()
    await site.upload("Heavy").wait_for(state="detached")


async def test_an_upload_waits_for_the_connection_and_goes_on_by_itself(
    site: Site, heavy_clip: Path
) -> None:
    parts = Parts(passing=1)
    await site.page.route("**/*uploadId=*", parts.handle)
    await site.pick(heavy_clip)
    await parts.until_held()
    await site.page.context.set_offline(True)
    await parts.drop()
    await site.upload("Heavy", "offline").wait_for()
    await site.page.context.set_offline(False)
    await site.upload("Heavy", "done").wait_for()


async def test_an_upload_can_be_paused_and_resumed_and_canceled(
    site: Site, heavy_clip: Path
) -> None:
    parts = Parts(passing=1)
    await site.page.route("**/*uploadId=*", parts.handle)
    await site.pick(heavy_clip)
    await parts.until_held()
    row = site.upload("Heavy")
    await row.get_by_role("button", name="Pause").click()
    await site.upload("Heavy", "paused").wait_for()
    await row.get_by_role("button", name="Resume").click()
    await site.upload("Heavy", "sending").wait_for()
    await row.get_by_role("button", name="Cancel the upload").click()
    await row.wait_for(state="detached")
    await site.card("Heavy").wait_for(state="detached")
    assert (await site.ask("/api/videos"))["items"] == []


async def test_what_can_not_be_a_video_is_refused_before_a_byte_is_sent(
    site: Site, tmp_path: Path
) -> None:
    asked: list[str] = []
    site.page.on("request", lambda request: asked.append(request.method))
    text = tmp_path / "notes.mp4"
    text.write_text("Not a film, only notes about one.\n" * 50)
    await site.drop(text)
    await site.upload("notes.mp4", "refused").get_by_text("This is a document").wait_for()
    # Insisting does not help; the row of the other one tells that the page has looked again.
    other = tmp_path / "more.mp4"
    other.write_text("Some more notes.\n" * 50)
    await site.drop(text, other)
    await site.upload("more.mp4", "refused").wait_for()
    await site.upload("notes.mp4", "refused").wait_for()
    assert await site.uploads.count() == 2
    assert {"POST", "PUT"}.isdisjoint(asked)


async def test_a_file_that_turns_out_to_be_no_video_says_why_and_what_to_do(
    site: Site, tmp_path: Path
) -> None:
    fake = tmp_path / "broken.mkv"
    # It begins like Matroska, and that is all.
    fake.write_bytes(bytes.fromhex("1a45dfa3") + bytes(range(256)) * 64)
    await site.pick(fake)
    await site.card("broken.mkv", "failed").wait_for()
    await site.open_video("broken.mkv")
    reason = site.page.locator("[data-failure]")
    await (
        reason.get_by_text("Upload a video file such as MP4")
        .or_(reason.get_by_text("upload the new copy"))
        .first.wait_for()
    )
