"""What a worker publishes for a video, without its bytes: enough for every link and playlist."""

from fractions import Fraction

from tests.unit.media.conftest import AUDIO, VIDEO

from carrete.domain.artifacts import ArtifactKind
from carrete.domain.media import Access, SourceInfo
from carrete.domain.plan import Plan, make_plan
from carrete.domain.playlist import Fragment, Layout, Storyboard
from carrete.ports import StoredFile


def plan() -> Plan:
    """Of a minute in full HD with sound."""
    return make_plan(
        SourceInfo(
            container="mov,mp4,m4a,3gp,3g2,mj2",
            size=40_000_000,
            duration_s=VIDEO.duration_s,
            start_s=0.0,
            video=VIDEO,
            audio=AUDIO,
            stream_count=2,
            access=Access.SEEK,
        )
    )


def files(prefix: str) -> list[StoredFile]:
    """One object of each kind."""
    board = Storyboard(Fraction(2), count=30, columns=10, width=160, height=90)
    return [
        _file(prefix, "processed.mp4", ArtifactKind.PROCESSED),
        _file(prefix, "poster.jpg", ArtifactKind.POSTER),
        _file(prefix, "storyboard.jpg", ArtifactKind.STORYBOARD, meta=board),
        _file(prefix, "audio.mp4", ArtifactKind.AUDIO, meta=_layout("mp4a.40.2")),
        _file(
            prefix,
            "0.mp4",
            ArtifactKind.CHUNK,
            rendition=plan().top.name,
            chunk=0,
            meta=_layout("avc1.640028"),
        ),
    ]


def _file(
    prefix: str,
    name: str,
    kind: ArtifactKind,
    *,
    rendition: str | None = None,
    chunk: int | None = None,
    meta: Layout | Storyboard | None = None,
) -> StoredFile:
    media_type = "image/jpeg" if name.endswith(".jpg") else "video/mp4"
    facts = meta.to_json() if meta else {}
    return StoredFile(prefix + name, kind, 600, media_type, rendition, chunk, facts)


def _layout(codecs: str) -> Layout:
    return Layout(100, codecs, (Fragment(100, 500, 0.0, 2.0, 60, independent=True),))
