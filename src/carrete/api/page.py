"""The web page: built files, the one document that every address of it shows, and their policy."""

import re
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

NOT_BUILT = (
    "The web page is not built. Run `make web` in the source, or set CARRETE_WEB_DIR to a built"
    " one.\nThe API is at /api, its description at /api/openapi.json.\n"
)
_OURS = re.compile(r"/(api|healthz|readyz|metrics)(/.*)?")
"""What the page's addresses never are."""

_ROOT_FILE = re.compile(r"/[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.[a-z0-9]{1,11}")
"""A file beside the document: the icon, the manifest. Never ``index.html``, which has its rules."""

PLAYER_STYLES = (
    "'sha256-+XYYAhYtiUsaw0+wUtfcBE3yMARPO4zdUhZGkDgDohM='",
    "'sha256-1Jc+kPhfOh4UvXYTCgDHEAV3Caafvsf5jeNdPbSiQ8o='",
    "'sha256-3mr12lsHkByBAuT5HIjiVaMHjH42rxTHchQEttT3yhE='",
    "'sha256-5LsYGeD4Fwu+AtlpdRPSk6g18GLvHddLqx5a2hMGkpw='",
    "'sha256-C7t4uFhGErrgCiy7sp4fN8QAsq2Xafh4lWfnefi0l/E='",
    "'sha256-CZ8hU2wFQkJQTP3Dj2nl5E530al0uN4149GNCvQZTDE='",
    "'sha256-Hgkgk5WNXnmXCx4VXTW7SQmDlJosyEQOVkEXmfhoBNw='",
    "'sha256-LLrbL3VRTSpcR7f/VRuhdwB3hQdbFqJkzjoEZmHBXIw='",
    "'sha256-VJnVbqNRyX0jCFZEJ4ltrffJx26lCuyVbNYdioxBwzQ='",
    "'sha256-W9200sCekROkcax0iJ77FC7fL1XmtkKZFU4jWBgOGi0='",
    "'sha256-ad5pLE4ykOnAn8/VmRayKdKPhP3pvqoX4MGy3EktnBg='",
    "'sha256-icRYLLVSVG1RE2ze2JPpc2di/XuMtAkqJdem5GFjU5M='",
    "'sha256-l0oXN8ELODFEFGnJztGBqT5qrnYVXGDHmO9UVWjtMXA='",
    "'sha256-m+frfzRQalnJwRN07WZLWSWd4eM4WsynbWp5qQi8Or0='",
    "'sha256-sAS/YwJd8QhcsuwF6ji1l+uwVdgQ8O/zcjWaGi0VXSw='",
    "'sha256-uCYgKM8RuBPuS3rGnkNQo7xPByu6FzW8A9M5XainMpU='",
)
"""Hashes of the ``<style>`` elements that the player's controls (media-chrome) put into their
shadow roots. They are the same for everybody and change with the library alone:
`web/tests/styles.test.ts` takes them from it, and says which ones to write here and in nginx's
`headers.conf`."""

FOREVER = "public, max-age=31536000, immutable"
"""Names of assets change with what is in them."""

FRESH = "no-cache"
"""Kept, and asked about each time: a new page is seen at once."""


@dataclass(frozen=True, slots=True)
class Route:
    """What metrics and logs call a request for the page: its many addresses are one."""

    path: str


def default_directory() -> Path:
    """Where `make web` puts the page in a checkout of the source."""
    return Path(__file__).parents[3] / "web" / "dist"


def policy(objects: str, *, framed: bool) -> str:
    """The page's Content-Security-Policy.

    Everything is the page's own but what the player reads from the bucket. hls.js feeds media from
    ``blob:`` and works in a worker from ``blob:``; canvases and posters are images from ``blob:``
    and ``data:``. React sets styles through the object model, which the policy allows. The
    player's controls (media-chrome) are custom elements with a ``<style>`` in each shadow root:
    these are allowed by their hashes, and no other.

    Args:
        objects: origin of the bucket.
        framed: whether pages of other sites may show it in a frame.
    """
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            " ".join(["style-src-elem 'self'", *PLAYER_STYLES]),
            "style-src-attr 'none'",
            f"img-src 'self' blob: data: {objects}",
            f"media-src 'self' blob: {objects}",
            f"connect-src 'self' {objects}",
            "worker-src 'self' blob:",
            "font-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors " + ("*" if framed else "'none'"),
        ]
    )


class Page:
    """Answers for the page's addresses; all others go on to the API."""

    def __init__(self, app: ASGIApp, directory: Path | None) -> None:
        """Serve the page that is built in ``directory``, or where ``make web`` puts it."""
        self._app = app
        self._files = StaticFiles(directory=directory or default_directory(), check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_page = (
            scope["type"] == "http"
            and scope["method"] in {"GET", "HEAD"}
            and not _OURS.fullmatch(scope["path"])
        )
        answer = await self._find(scope) if is_page else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        origin = scope["app"].state.api.objects_origin
        headers = MutableHeaders(raw=answer.raw_headers)
        headers["Content-Security-Policy"] = policy(
            origin, framed=scope["path"].startswith("/embed/")
        )
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        await answer(scope, receive, send)

    async def _find(self, scope: Scope) -> Response | None:
        path: str = scope["path"]
        if path.startswith("/assets/"):
            return await self._file(scope, path, "page: asset", FOREVER)
        if _ROOT_FILE.fullmatch(path) and path != "/index.html":
            found = await self._file(scope, path, "page: file", FRESH)
            if found is not None:
                return found
        if not _wants_html(scope):
            return None
        document = await self._file(scope, "/index.html", "page", FRESH)
        return document or PlainTextResponse(NOT_BUILT, 404)

    async def _file(self, scope: Scope, path: str, route: str, cache: str) -> Response | None:
        try:
            answer = await self._files.get_response(path.lstrip("/"), scope)
        except HTTPException:
            return None
        scope["route"] = Route(route)
        answer.headers["Cache-Control"] = cache
        return answer


def _wants_html(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/html" in value for name, value in scope["headers"])
