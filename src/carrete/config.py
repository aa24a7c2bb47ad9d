"""Settings: the one place that reads the environment."""

from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from carrete.domain.failures import CarreteError
from carrete.domain.quota import Quota
from carrete.domain.upload import MAX_OBJECT

GIB = 1024**3


class ConfigError(CarreteError):
    """A setting is missing or bad; the message names it and says what to do."""


class Settings(BaseSettings):
    """All of Carrete's settings, read once from ``CARRETE_*`` variables and then frozen."""

    model_config = SettingsConfigDict(env_prefix="CARRETE_", frozen=True, extra="ignore")

    database_url: SecretStr = Field(
        description="PostgreSQL, as postgresql+psycopg://user:password@host/database"
    )
    database_pool: int = Field(10, ge=1, le=200, description="Connections that one process holds")
    aws_endpoint_url: str | None = Field(
        None, description="Where S3 and SQS answer when they are not AWS's own (LocalStack)"
    )
    aws_region: str = Field(
        "eu-west-1",
        description="Region of the bucket and the queues",
        # the SDK's own names count too: a machine of AWS often has them
        validation_alias=AliasChoices("CARRETE_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"),
    )
    s3_bucket: str = Field(description="Bucket of originals and results")
    sqs_queue_url: str = Field(description="URL of the queue of tasks")
    sqs_dlq_url: str = Field(description="URL of the dead-letter queue")

    api_host: str = Field("127.0.0.1", description="Address that the API listens on")
    api_port: int = Field(8080, ge=0, le=65535, description="Port that the API listens on")
    cookie_secure: bool = Field(
        False, description="Send the session cookie over HTTPS only (on in production)"
    )
    trusted_proxies: str = Field(
        "127.0.0.1", description="Addresses whose X-Forwarded-For is believed, comma-separated"
    )
    web_dir: Path | None = Field(
        None, description="Directory of the built web page; web/dist of the source when not given"
    )
    site_origin: str | None = Field(
        None, description="Origin of the web page when it is not the API's own, for CORS"
    )
    session_days: int = Field(30, ge=1, le=365, description="Days until a session expires")
    signin_limit: int = Field(
        10, ge=1, description="Sign-in attempts for one address in one window"
    )
    signin_window_s: int = Field(300, ge=1, description="Seconds of that window")

    rate_per_s: float = Field(
        50,
        ge=0,
        le=100_000,
        description="Requests a second of one account, in the long run, in one API process (four"
        " times as many of one address); 0: any",
    )
    rate_burst: float = Field(
        500, ge=10, le=1_000_000, description="Requests that may come at once after a pause"
    )
    max_upload_bytes: int = Field(
        50 * GIB, ge=1, le=MAX_OBJECT, description="Largest original, in bytes"
    )
    quota_stored_bytes: int = Field(
        1024 * GIB, ge=0, description="Bytes that one account may store, results included; 0: any"
    )
    quota_videos_in_flight: int = Field(
        1000, ge=0, description="Videos that one account may have in work or uploading; 0: any"
    )
    quota_minutes_per_day: int = Field(
        6000, ge=0, description="Minutes of video that one account may have processed a day; 0: any"
    )
    upload_url_s: int = Field(3600, ge=60, le=604800, description="Seconds a part URL is valid")
    download_url_s: int = Field(
        6 * 3600, ge=60, le=604800, description="Seconds a download or stream URL is valid"
    )
    upload_expiry_s: float = Field(
        7 * 86400, gt=0, description="Seconds without a sign of life until an upload is abandoned"
    )
    event_days: float = Field(30, gt=0, description="Days that events are kept")

    lease_s: float = Field(20, ge=1, le=3600, description="Seconds a worker holds a task unheard")
    heartbeat_s: float = Field(
        1, gt=0, le=60, description="Seconds between heartbeats: progress, lease, cancellation"
    )
    visibility_s: float = Field(
        60, ge=2, le=43200, description="Seconds SQS hides a message between extensions"
    )
    reconcile_s: float = Field(2, gt=0, le=300, description="Seconds between reconcile rounds")
    resend_s: float = Field(
        60, gt=0, description="Seconds until a waiting task's message is sent again"
    )
    sweep_grace_s: float = Field(
        900, ge=0, description="Seconds until a dead object is deleted a second time"
    )
    stop_grace_s: float = Field(
        5, ge=0, description="Seconds a stopping worker may go on with a task that is nearly done"
    )
    stall_s: float = Field(60, ge=1, description="Seconds without progress that end an ffmpeg")
    worker_slots: int = Field(
        1,
        ge=1,
        le=64,
        description=(
            "Tasks that one worker runs at once. Two of one thread each get most out of two cores"
            " where there is the memory: of 1080p each took 0.5 GB, of 4K more"
        ),
    )
    worker_threads: int = Field(0, ge=0, le=256, description="Threads per ffmpeg; 0: all cores")
    worker_metrics_port: int = Field(
        0, ge=0, le=65535, description="Port of the worker's metrics on loopback; 0: none"
    )
    imds_url: str | None = Field(
        None,
        description=(
            "EC2's instance metadata service, http://169.254.169.254, where a worker looks whether"
            " its machine is about to be taken away; not on EC2 when not given"
        ),
    )
    imds_poll_s: float = Field(
        5, gt=0, le=60, description="Seconds between two looks there; AWS recommends 5"
    )
    scratch_dir: Path = Field(
        Path("/var/tmp/carrete"),  # noqa: S108 - opened with a lock; a system path, as the FHS has it
        description="Where workers keep files while they work",
    )
    scratch_bytes: int = Field(
        40 * GIB, ge=1, description="Bytes of downloaded originals that a worker keeps"
    )
    ffmpeg: Path | None = Field(None, description="ffmpeg to use; the bundled one when not given")

    otlp_endpoint: str | None = Field(
        None, description="Where traces go: an OTLP receiver over HTTP; none: no trace is made"
    )
    trace_sample: float = Field(1, ge=0, le=1, description="Share of traces that is kept")
    log_level: str = Field(
        "info",
        pattern="^(debug|info|warning|error)$",
        description="Least level that is logged: debug, info, warning or error",
    )
    log_json: bool = Field(True, description="Log as JSON lines; plain text when off")

    @property
    def quota(self) -> Quota:
        """The limits of accounts that have none of their own."""
        return Quota(
            self.quota_stored_bytes, self.quota_videos_in_flight, self.quota_minutes_per_day
        )


def load_settings(**overrides: Any) -> Settings:
    """Read the environment once.

    Args:
        overrides: settings by field name that go before the environment.

    Raises:
        ConfigError: a variable is missing or bad; the message names each with its meaning.
    """
    try:
        return Settings(**overrides)
    except ValidationError as exc:
        raise ConfigError(_explain(exc)) from exc


def configuration_page() -> str:
    """Every setting as a page of the documentation."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "**required**" if field.is_required() else f"`{field.get_default()}`"
        rows.append(f"| `CARRETE_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(
        [
            "# Configuration",
            "",
            "Read once when a process starts; a missing or bad variable stops it with a sentence",
            "that names it. Written by `make docs` from `src/carrete/config.py`.",
            "",
            "On AWS, credentials come from the instance's role, and `CARRETE_AWS_ENDPOINT_URL`",
            "stays unset. The region is also taken from `AWS_REGION` or `AWS_DEFAULT_REGION`.",
            "",
            "| variable | default | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _explain(error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        field = str(item["loc"][0])
        variable = field if field.startswith("CARRETE_") else f"CARRETE_{field.upper()}"
        meaning = Settings.model_fields[field].description if field in Settings.model_fields else ""
        problem = "is not set" if item["type"] == "missing" else f"is wrong: {item['msg']}"
        lines.append(f"{variable} {problem} ({meaning})" if meaning else f"{variable} {problem}")
    return "\n".join(lines)
