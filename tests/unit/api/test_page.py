"""The web page as the API serves it, over ports in memory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.api.memory_api import MemoryApi, open_api
from tests.unit.api.test_http import assert_problem

from carrete.api.page import PLAYER_STYLES, policy

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("outside")
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>Carrete</title>")
    (dist / "favicon.svg").write_text("<svg/>")
    (dist / "assets" / "main-4f2a.js").write_text("void 0")
    return dist


@pytest.fixture
async def api(built: Path) -> AsyncIterator[MemoryApi]:
    async with open_api(web_dir=built) as opened:
        yield opened


@pytest.mark.parametrize(
    "path", ["/", "/videos/1", "/s/abc", "/embed/abc", "/index.html", "/a.b/c"]
)
async def test_every_address_of_the_page_is_the_one_document(api: MemoryApi, path: str) -> None:
    answer = await api.anyone.get(path, headers=BROWSER)
    assert (answer.status_code, "Carrete" in answer.text) == (200, True)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"
    again = await api.anyone.get(path, headers=BROWSER | {"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    head = await api.anyone.head(path, headers=BROWSER)
    assert (head.status_code, head.content) == (200, b"")


async def test_assets_are_kept_for_ever_and_other_files_asked_about(api: MemoryApi) -> None:
    asset = await api.anyone.get("/assets/main-4f2a.js")
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["content-type"].startswith("text/javascript")
    icon = await api.anyone.get("/favicon.svg", headers=BROWSER)
    assert (icon.headers["content-type"], icon.headers["cache-control"]) == (
        "image/svg+xml",
        "no-cache",
    )
    missing = await api.anyone.get("/assets/old.js", headers=BROWSER)
    assert_problem(missing, 404, "not_found")


@pytest.mark.parametrize(
    "path", ["/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt", "/..%2fsecret.txt"]
)
async def test_nothing_outside_the_page_is_served(api: MemoryApi, path: str) -> None:
    for headers in (BROWSER, {}):
        assert "outside" not in (await api.anyone.get(path, headers=headers)).text


async def test_programs_get_problems_and_the_api_stays_the_api(api: MemoryApi) -> None:
    assert_problem(await api.anyone.get("/nowhere"), 404, "not_found")
    assert_problem(await api.anyone.get("/api/nowhere", headers=BROWSER), 404, "not_found")
    assert_problem(await api.anyone.get("/api", headers=BROWSER), 404, "not_found")
    assert_problem(await api.anyone.post("/videos/1", headers=BROWSER), 404, "not_found")
    assert (await api.anyone.get("/healthz", headers=BROWSER)).json() == {"status": "ok"}


async def test_the_page_may_load_its_own_and_read_the_bucket_and_nothing_else(
    api: MemoryApi,
) -> None:
    objects = api.app.state.api.objects_origin
    headers = (await api.anyone.get("/", headers=BROWSER)).headers
    rules = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["connect-src"] == f"'self' {objects}"
    assert rules["media-src"] == f"'self' blob: {objects}"
    assert rules["frame-ancestors"] == "'none'"
    # media-chrome's shadow roots bring their own <style>, each known; nothing else may be inline.
    assert rules["style-src-elem"] == " ".join(["'self'", *PLAYER_STYLES])
    assert "unsafe" not in headers["content-security-policy"]
    assert rules["style-src-attr"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"


def test_nginx_sends_the_policy_that_the_api_sends() -> None:
    conf = Path(__file__).parents[3] / "infra" / "instance" / "nginx" / "headers.conf"
    _, sent, _ = next(
        line.split('"') for line in conf.read_text().splitlines() if "Content-Security" in line
    )
    filled = sent.replace("@BUCKET_ORIGIN@", "https://b").replace("$carrete_framers", "*")
    assert filled == policy("https://b", framed=True)


async def test_only_the_embedded_player_may_be_framed(api: MemoryApi) -> None:
    for path, ancestors in (("/embed/abc", "*"), ("/s/abc", "'none'"), ("/embed", "'none'")):
        headers = (await api.anyone.get(path, headers=BROWSER)).headers
        assert headers["content-security-policy"].endswith(f"frame-ancestors {ancestors}")


async def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    async with open_api(web_dir=tmp_path / "none") as api:
        answer = await api.anyone.get("/", headers=BROWSER)
        assert (answer.status_code, "make web" in answer.text) == (404, True)
        assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("secure", [True, False])
async def test_browsers_stay_on_https_where_there_is_https(secure: bool) -> None:  # noqa: FBT001
    async with open_api(cookie_secure=secure) as api:
        for path in ("/healthz", "/api/me", "/nowhere"):
            headers = (await api.anyone.get(path)).headers
            assert ("strict-transport-security" in headers) is secure
