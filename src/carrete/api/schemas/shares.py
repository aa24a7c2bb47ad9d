"""Links to single videos on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, SecretStr

from carrete.api.schemas.examples import AT, example, request
from carrete.domain.account import MAX_PASSWORD
from carrete.domain.share import MAX_SHARES, MIN_SHARE_PASSWORD
from carrete.domain.video import VideoState

TOKEN_EXAMPLE = "f4hJ0q2mV7xkPzR1cW9sLg"  # noqa: S105 - what one looks like
SHARE_EXAMPLE = {
    "id": "0198c5a3-3333-7000-8000-000000000003",
    "token": TOKEN_EXAMPLE,
    "path": f"/s/{TOKEN_EXAMPLE}",
    "embed_path": f"/embed/{TOKEN_EXAMPLE}",
    "has_password": True,
    "allow_download": False,
    "created_at": AT,
    "expires_at": None,
    "views": 3,
}


class NewShare(BaseModel):
    """A link that is wanted."""

    model_config = request({"password": "olives", "allow_download": False})

    expires_at: AwareDatetime | None = Field(
        None, description="When it ends by itself: within ten years, or never"
    )
    password: SecretStr | None = Field(
        None,
        min_length=MIN_SHARE_PASSWORD,
        max_length=MAX_PASSWORD,
        description="Asked of everybody who opens the link",
    )
    allow_download: bool = Field(
        False, strict=True, description="Whether the processed file may be downloaded"
    )


class Share(BaseModel):
    """A link that lets anybody who has it watch one video."""

    model_config = example(SHARE_EXAMPLE)

    id: UUID
    token: str
    path: str = Field(description="Of the page that shows the video")
    embed_path: str = Field(description="Of the same for frames of other sites")
    has_password: bool
    allow_download: bool
    created_at: datetime
    expires_at: datetime | None
    views: int = Field(description="How often watching began")


class Shares(BaseModel):
    """A video's links."""

    model_config = example({"items": [SHARE_EXAMPLE]})

    items: list[Share] = Field(description=f"At most {MAX_SHARES}, the newest first")


class SharedVideo(BaseModel):
    """What a link shows; of one with a password, before it is said, `password_required` alone."""

    model_config = example(
        {
            "password_required": False,
            "name": "Boda en Sevilla.mov",
            "state": "ready",
            "duration_s": 183.4,
            "width": 1920,
            "height": 1080,
            "playable": True,
            "has_poster": True,
            "has_storyboard": True,
            "allow_download": False,
        }
    )

    password_required: bool
    name: str = ""
    state: VideoState = VideoState.READY
    duration_s: float | None = None
    width: int | None = None
    height: int | None = None
    playable: bool = False
    has_poster: bool = False
    has_storyboard: bool = False
    allow_download: bool = False


class SharePassword(BaseModel):
    """What the person who opens a link was asked for."""

    model_config = request({"password": "olives"})

    password: SecretStr = Field(min_length=1, max_length=MAX_PASSWORD)


class ShareKey(BaseModel):
    """Opens a link with a password for some hours."""

    model_config = example({"key": "AAAAAGnn8sB0gP2…", "expires_at": "2026-03-02T00:00:00Z"})

    key: str = Field(description="`key` of the other requests about the link")
    expires_at: datetime
