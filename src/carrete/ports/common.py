"""What the ports share: errors and callbacks."""

from collections.abc import Awaitable, Callable

from carrete.domain.artifacts import MadeFile
from carrete.domain.failures import CarreteError

ProgressSink = Callable[[float], None]
"""Takes the fraction that is done, 0 to 1. Called on the event loop, as often as it likes."""

PartSink = Callable[[MadeFile], Awaitable[None]]
"""Takes a part that is complete while the rest is still being made."""


class NotFoundError(CarreteError):
    """Nothing of that id belongs to the one who asks. Another owner's thing is not found either."""


class IdempotencyConflictError(CarreteError):
    """An ``Idempotency-Key`` came again with another request."""


class UploadGoneError(CarreteError):
    """The multipart upload was completed, aborted or never existed."""
