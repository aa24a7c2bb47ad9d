import imageio_ffmpeg
import pytest
from pydantic import SecretStr

from carrete.bootstrap import ffmpeg_path
from carrete.config import ConfigError, Settings


def settings() -> Settings:
    return Settings(
        database_url=SecretStr("postgresql+psycopg://x@/x"),
        s3_bucket="b",
        sqs_queue_url="http://127.0.0.1/q",
        sqs_dlq_url="http://127.0.0.1/d",
    )


def test_the_ffmpeg_that_ships_with_carrete_is_used() -> None:
    assert ffmpeg_path(settings()).is_absolute()


def test_a_worker_whose_ffmpeg_can_not_be_run_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # what imageio-ffmpeg gives when its own binary could not be tried, killed for instance
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: "ffmpeg")
    with pytest.raises(ConfigError, match="CARRETE_FFMPEG"):
        ffmpeg_path(settings())
