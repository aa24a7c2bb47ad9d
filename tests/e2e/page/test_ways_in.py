"""Ways into the tray that no picker knows: folders, the clipboard, files that the browser keeps."""

from pathlib import Path

import pytest
from playwright.async_api import Dialog, Route
from tests.e2e.page.conftest import OpenSite
from tests.e2e.page.parts import PLENTY, Parts, until_stored
from tests.e2e.page.site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

MATROSKA = bytes.fromhex("1a45dfa3")
"""How a file begins that may be a video; what comes after is for the workers to find out."""

_WITHOUT_HANDLES = "delete DataTransferItem.prototype.getAsFileSystemHandle"
"""As in Firefox and Safari, which open folders by their entries."""

_PASTE = """
([name, bytes]) => {
  const clipboardData = new DataTransfer();
  if (bytes) clipboardData.items.add(new File([Uint8Array.from(bytes)], name));
  else clipboardData.setData("text/plain", name);
  const options = { clipboardData, bubbles: true, cancelable: true };
  return document.body.dispatchEvent(new ClipboardEvent("paste", options));
}
"""
"""Paste a file, or text without bytes; whether the browser is left to do with it what it does."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two films, one of them deeper, beside what is no film and what the system hides."""
    folder = tmp_path / "Summer"
    (folder / "Beach" / "Evening").mkdir(parents=True)
    (folder / "Arrival.mkv").write_bytes(MATROSKA + b"1" * 4096)
    (folder / "Beach" / "Evening" / "Fire.mkv").write_bytes(MATROSKA + b"2" * 4096)
    (folder / "Beach" / "list.txt").write_text("Towels, sun cream, the camera.\n" * 20)
    (folder / ".hidden.mkv").write_bytes(MATROSKA + b"3" * 4096)
    return folder


@pytest.mark.parametrize("handles", [True, False], ids=["by handles", "by entries"])
async def test_a_folder_is_opened_and_its_films_are_taken(
    open_site: OpenSite,
    folder: Path,
    handles: bool,  # noqa: FBT001
) -> None:
    site = await open_site()
    if not handles:
        await site.page.add_init_script(_WITHOUT_HANDLES)
    await site.sign_up()
    knows = "'getAsFileSystemHandle' in DataTransferItem.prototype"
    assert await site.page.evaluate(knows) is handles
    await site.drop_from_disk(folder)
    await site.upload("list.txt", "refused").get_by_text("This is a document").wait_for()
    await site.card("Arrival.mkv").wait_for()
    await site.card("Fire.mkv").wait_for()
    assert await site.upload(".hidden").count() == 0
    names = {item["name"] for item in (await site.ask("/api/videos"))["items"]}
    assert names == {"Arrival.mkv", "Fire.mkv"}


async def test_a_pasted_file_is_uploaded_and_pasted_text_is_left_alone(site: Site) -> None:
    assert await site.page.evaluate(_PASTE, ["Copied.mkv", None]) is True
    assert await site.page.evaluate(_PASTE, ["Copied.mkv", [*MATROSKA, *range(200)]]) is False
    await site.card("Copied.mkv").wait_for()
    assert len((await site.ask("/api/videos"))["items"]) == 1


async def test_a_drop_that_the_page_can_not_take_yet_is_not_lost_without_a_word(
    site: Site, folder: Path
) -> None:
    async def break_off(route: Route) -> None:
        await route.abort("connectionreset")

    await site.page.route("**/manager-*.js", break_off)
    await site.drop(folder / "Arrival.mkv")
    await site.page.get_by_text("These files could not be taken").wait_for()
    await site.page.unroute("**/manager-*.js", break_off)
    await site.page.reload()
    await site.page.get_by_test_id("picker").wait_for(state="attached")
    await site.drop(folder / "Arrival.mkv")
    await site.card("Arrival.mkv").wait_for()


async def test_a_file_that_is_gone_before_it_is_read_says_so(site: Site, folder: Path) -> None:
    film = folder / "Arrival.mkv"

    async def remove_first(route: Route) -> None:
        film.unlink(missing_ok=True)
        await route.continue_()

    # The page knows its name and size by then, and looks into it once the uploader is loaded.
    await site.page.route("**/manager-*.js", remove_first)
    await site.drop_from_disk(film)
    await site.upload(film.name, "failed").get_by_text("Add it again").wait_for()
    assert (await site.ask("/api/videos"))["items"] == []


async def test_a_dropped_file_is_found_again_after_a_reload_by_itself(
    site: Site, heavy_clip: Path
) -> None:
    parts = Parts(passing=2)
    await site.page.route("**/*uploadId=*", parts.handle)
    await site.drop_from_disk(heavy_clip)
    await parts.until_held()
    video, stored = await until_stored(site, 2)
    parts.left, parts.sent = PLENTY, []

    async def accept(dialog: Dialog) -> None:
        await dialog.accept()

    site.page.on("dialog", accept)
    await site.page.reload()
    await site.upload("Heavy", "done").wait_for()
    assert not stored.intersection(parts.sent)
    assert [item["id"] for item in (await site.ask("/api/videos"))["items"]] == [video]
