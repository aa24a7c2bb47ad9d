"""Accounts, and the walls between them; languages; a library of ten thousand."""

from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from playwright.async_api import expect
from tests.e2e.page.conftest import OpenSite
from tests.e2e.page.site import PASSWORD, Site

from carrete.local.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

MANY = 10_000
MOST_CARDS = 60
"""Cards that may exist at once, however many videos there are."""


async def test_another_person_sees_nothing_of_it(
    site: Site, open_site: OpenSite, real_clip: Path
) -> None:
    await site.pick(real_clip)
    await site.card("Big Buck Bunny").wait_for()
    video_id = await site.open_video("Big Buck Bunny")
    other = await open_site()
    await other.sign_up()
    await other.page.get_by_text("Nothing on the reel yet").wait_for()
    await other.go(f"/videos/{video_id}")
    await other.page.get_by_text("There is nothing here").wait_for()
    stranger = await open_site()
    await stranger.go(f"/videos/{video_id}")
    await stranger.page.get_by_role("heading", name="Welcome back").wait_for()


NOWHERE = ("not-a-uuid", "a%2Fb", "%E0%A4%A", "x" * 2_000)


@pytest.mark.parametrize(
    ("locale", "no_video", "no_link"),
    [
        ("en-US", "There is nothing here", "This link no longer works"),
        ("es-ES", "Aquí no hay nada", "Este enlace ya no sirve"),
    ],
)
async def test_an_address_that_leads_nowhere_says_so_however_it_is_spelled(
    open_site: OpenSite, locale: str, no_video: str, no_link: str
) -> None:
    site = await open_site(locale=locale)
    await site.sign_up()
    for place in NOWHERE:
        await site.go(f"/videos/{place}")
        await site.page.get_by_text(no_video).wait_for(timeout=10_000)
        for path in ("/s/", "/embed/"):
            await site.go(path + place)
            # What is no text at all ("%E0%A4%A") the router takes for no address of the page.
            gone = site.page.get_by_text(no_link).or_(site.page.get_by_text(no_video))
            await gone.wait_for(timeout=10_000)


async def test_a_password_is_changed_and_ends_all_other_sessions(open_site: OpenSite) -> None:
    one, two = await open_site(), await open_site()
    email = await one.sign_up()
    await two.sign_in(email)
    await one.go("/account")
    await one.page.get_by_text("this device").wait_for()
    await one.page.get_by_label("Your password").fill(PASSWORD)
    await one.page.get_by_label("New password").fill("another long password")
    await one.page.get_by_role("button", name="Change the password").click()
    await one.page.get_by_text("Password changed").wait_for()
    await expect(one.page.get_by_role("button", name="Sign out", exact=True)).to_have_count(0)
    await two.go("/account")
    await two.page.get_by_role("heading", name="Welcome back").wait_for()


async def test_a_deleted_account_is_gone(site: Site) -> None:
    await site.go("/account")
    await site.page.get_by_role("button", name="Delete my account").click()
    dialog = site.page.get_by_role("dialog")
    await dialog.get_by_label("Your password").fill("not the password")
    await dialog.get_by_role("button", name="Delete my account").click()
    await dialog.get_by_text("That is not your password").wait_for()
    await dialog.get_by_label("Your password").fill(PASSWORD)
    await dialog.get_by_role("button", name="Delete my account").click()
    await site.page.get_by_role("heading", name="Welcome back").wait_for()
    await site.go("/")
    await site.page.get_by_role("heading", name="Welcome back").wait_for()


async def test_signing_out_leaves_nothing_open(site: Site) -> None:
    await site.page.get_by_role("button", name="Account of").click()
    await site.page.get_by_role("menuitem", name="Sign out").click()
    await site.page.get_by_role("heading", name="Welcome back").wait_for()
    await site.page.go_back()
    await site.page.get_by_role("heading", name="Welcome back").wait_for()


async def test_the_page_speaks_the_browser_s_language_and_the_one_that_is_chosen(
    open_site: OpenSite,
) -> None:
    site = await open_site(locale="es-ES")
    await site.sign_up()
    await site.page.get_by_text("El carrete está vacío").wait_for()
    await expect(site.page.locator("html")).to_have_attribute("lang", "es")
    await site.page.get_by_role("button", name="Cuenta de").click()
    await site.page.get_by_role("menuitemradio", name="English").click()
    await site.page.get_by_text("Nothing on the reel yet").wait_for()
    await site.page.reload()
    await site.page.get_by_text("Nothing on the reel yet").wait_for()
    await expect(site.page.locator("html")).to_have_attribute("lang", "en")


async def test_ten_thousand_videos_are_listed_with_as_few_elements_as_fifty(
    site: Site, stack: Stack
) -> None:
    owner = UUID((await site.ask("/api/me"))["id"])
    await _fill(stack, owner)
    await site.go("/")
    await site.card("Reel 09999").wait_for()
    for _ in range(40):
        await site.page.mouse.wheel(0, 2_500)
        await site.until("document.querySelectorAll('article').length > 0")
        assert await site.page.locator("article").count() <= MOST_CARDS
    assert await site.card("Reel 09999").count() == 0
    await site.page.get_by_role("searchbox").fill("reel 00042")
    await site.card("Reel 00042").wait_for()
    await expect(site.page.locator("article")).to_have_count(1)
    assert "q=reel+00042" in site.page.url.replace("%20", "+")


async def _fill(stack: Stack, owner: UUID) -> None:
    """Write ten thousand finished videos, without their ten thousand files."""
    url = stack.environment["CARRETE_DATABASE_URL"].replace("+psycopg", "")
    async with await psycopg.AsyncConnection.connect(url) as connection:
        ids = [UUID(int=uuid4().int) for _ in range(MANY)]
        await connection.execute(
            """
            INSERT INTO video (id, owner_id, name, extension, content_type, size_bytes, part_size,
                profile, state, request_hash, duration_s, width, height, output_bytes,
                created_at, updated_at)
            SELECT ids.id, %s, 'Reel ' || lpad((ids.place - 1)::text, 5, '0') || '.mp4', '.mp4',
                'video/mp4', 1000000 + ids.place, 8388608, 'h264', 'ready', ''::bytea, 60, 1920,
                1080, 500000, now() + ids.place * interval '1 ms', now()
            FROM unnest(%s::uuid[]) WITH ORDINALITY AS ids (id, place)
            """,
            (owner, sorted(ids)),
        )
