"""Playlists, written when they are asked for: they grow while the video is being made."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from carrete.domain.artifacts import ArtifactKind
from carrete.domain.plan import Plan
from carrete.domain.playlist import (
    AUDIO,
    Layout,
    Piece,
    Storyboard,
    contiguous,
    master_playlist,
    media_playlist,
    storyboard_vtt,
)
from carrete.ports import Artifact, NotFoundError, ObjectStore, Results, VideoStore

MAX_URLS = 20_000
"""Signed URLs that are kept: those of some fifty long videos."""

FRESH_SHARE = 0.5
"""A kept URL is given out during this share of its life, so that a player can still use it."""


@dataclass
class SignedUrls:
    """URLs that stay the same for a while: a growing playlist must not change what it has said.

    Attributes:
        expires_s: seconds that a new URL is valid.
    """

    objects: ObjectStore
    expires_s: int
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, tuple[float, str]] = field(default_factory=dict)

    async def of(self, keys: Iterable[str]) -> Mapping[str, str]:
        """A URL for each key."""
        now = self.clock()
        urls = {}
        for key in keys:
            until, url = self._kept.get(key, (0.0, ""))
            if now >= until:
                url = await self.objects.sign_get(key, self.expires_s)
                self._kept.pop(key, None)
                self._kept[key] = (now + self.expires_s * FRESH_SHARE, url)
            urls[key] = url
        while len(self._kept) > MAX_URLS:
            del self._kept[next(iter(self._kept))]
        return urls


async def master(
    owner_id: UUID,
    video_id: UUID,
    playlist_url: Callable[[str, str | None], str],
    *,
    videos: VideoStore,
) -> str:
    """The playlist that offers every rendition of which something can be played.

    Args:
        owner_id: who asks.
        video_id: of which video.
        playlist_url: address of the playlist of a rendition, or of the sound, and of the rendition
            that it borrows its first chunk from, if any.
        videos: the rows.

    Raises:
        NotFoundError: the owner has no such video, or nothing of it can be played yet.
    """
    kinds = (ArtifactKind.CHUNK, ArtifactKind.AUDIO)
    found = await videos.results(owner_id, video_id, kinds)
    sound = _pieces(a for a in found.artifacts if a.kind is ArtifactKind.AUDIO)
    plan = _plan(found)
    pictures = {
        one.name: _pieces(a for a in found.artifacts if a.rendition == one.name)
        for one in plan.renditions
    }
    if not any(pictures.values()) or (plan.audio is not None and not sound):
        raise _nothing_yet()
    return master_playlist(
        plan,
        pictures,
        sound,
        lambda name: playlist_url(name, None),
        lambda name: playlist_url(name, plan.first.name),
    )


async def media(
    owner_id: UUID,
    video_id: UUID,
    track: str,
    *,
    opening: str | None = None,
    videos: VideoStore,
    urls: SignedUrls,
) -> tuple[str, bool]:
    """The playlist of one rendition, or of the sound, and whether it is complete.

    Args:
        owner_id: who asks.
        video_id: of which video.
        track: name of the rendition, or ``AUDIO``.
        opening: name of the rendition whose first chunk stands for the track's own. Whoever was
            given such an address keeps it, so that the list never changes what it has said.
        videos: the rows.
        urls: of objects.

    Raises:
        NotFoundError: the owner has no such video, or nothing of that track can be played yet.
    """
    sound = track == AUDIO
    kinds = (ArtifactKind.AUDIO,) if sound else (ArtifactKind.CHUNK,)
    found = await videos.results(owner_id, video_id, kinds, None if sound else track)
    indexed = _indexed(found.artifacts)
    if opening is not None:
        lent = await videos.results(owner_id, video_id, (ArtifactKind.CHUNK,), opening)
        indexed.pop(0, None)
        indexed |= {n: piece for n, piece in _indexed(lent.artifacts).items() if n == 0}
    pieces = contiguous(indexed)
    if not pieces:
        raise _nothing_yet()
    signed = await urls.of(piece.key for piece in pieces)
    text = media_playlist(
        pieces, signed.__getitem__, complete=found.complete, borrowed=opening is not None
    )
    return text, found.complete


async def storyboard(
    owner_id: UUID, video_id: UUID, *, videos: VideoStore, urls: SignedUrls
) -> str:
    """WebVTT that points at the small pictures of the whole video.

    Raises:
        NotFoundError: the owner has no such video, or its pictures are not there yet.
    """
    found = await videos.results(owner_id, video_id, (ArtifactKind.STORYBOARD,))
    if not found.artifacts:
        raise NotFoundError("this video has no storyboard yet")
    sheet = found.artifacts[0]
    signed = await urls.of([sheet.key])
    board = Storyboard.from_json(sheet.meta)
    return storyboard_vtt(board, _plan(found).duration_s, signed[sheet.key])


def _plan(found: Results) -> Plan:
    if not found.plan:
        raise _nothing_yet()
    return Plan.from_json(found.plan)


def _pieces(artifacts: Iterable[Artifact]) -> list[Piece]:
    """Those from the first chunk on, without a gap; a copied track is one piece."""
    return contiguous(_indexed(artifacts))


def _indexed(artifacts: Iterable[Artifact]) -> dict[int, Piece]:
    return {a.chunk or 0: Piece(a.key, Layout.from_json(a.meta)) for a in artifacts}


def _nothing_yet() -> NotFoundError:
    return NotFoundError("nothing of this video can be played yet")
