"""Why a video failed: stable codes, the class of each, and the sentence that its owner reads.

A code never changes its meaning: programs match on it. The sentences say what is wrong and what to
do, in English and Spanish.
"""

from dataclasses import dataclass
from enum import StrEnum


class FailureCode(StrEnum):
    """Stable codes of failed videos, as shown to the owner and returned by the API."""

    EMPTY_FILE = "empty_file"
    NOT_A_VIDEO = "not_a_video"
    NO_VIDEO_STREAM = "no_video_stream"
    DAMAGED_FILE = "damaged_file"
    ENCRYPTED = "encrypted"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    SOURCE_MISSING = "source_missing"
    QUOTA_EXCEEDED = "quota_exceeded"
    GAVE_UP = "gave_up"
    INTERNAL = "internal_error"


@dataclass(frozen=True, slots=True)
class Sentence:
    """What the owner reads, in each language that Carrete speaks."""

    en: str
    es: str


SENTENCES: dict[FailureCode, Sentence] = {
    FailureCode.EMPTY_FILE: Sentence(
        "The file is empty. Check that it was saved completely and upload it again.",
        "El archivo está vacío. Comprueba que se guardó entero y súbelo de nuevo.",
    ),
    FailureCode.NOT_A_VIDEO: Sentence(
        "This file is not a video. Upload a video file such as MP4, MOV, MKV or WebM.",
        "Este archivo no es un vídeo. Sube un archivo de vídeo como MP4, MOV, MKV o WebM.",
    ),
    FailureCode.NO_VIDEO_STREAM: Sentence(
        "The file has sound but no moving picture. Upload a file that contains video.",
        "El archivo tiene sonido pero ninguna imagen en movimiento. Sube uno que contenga vídeo.",
    ),
    FailureCode.DAMAGED_FILE: Sentence(
        "The file is damaged or incomplete. Export or copy it again from where it was made, "
        "and upload the new copy.",
        "El archivo está dañado o incompleto. Expórtalo o cópialo de nuevo desde su origen "
        "y sube la copia nueva.",
    ),
    FailureCode.ENCRYPTED: Sentence(
        "The video is protected (DRM) and can't be read. Upload a copy without protection.",
        "El vídeo está protegido (DRM) y no se puede leer. Sube una copia sin protección.",
    ),
    FailureCode.TOO_SMALL: Sentence(
        "The picture is too small to be a video. It must measure at least 16 by 16 pixels.",
        "La imagen es demasiado pequeña para ser un vídeo. Debe medir al menos 16 por 16 píxeles.",
    ),
    FailureCode.TOO_LARGE: Sentence(
        "The video is beyond what Carrete processes (picture size, frame rate, length or number "
        "of tracks). Export it at a smaller size and upload that.",
        "El vídeo supera lo que Carrete procesa (tamaño de imagen, fotogramas por segundo, "
        "duración o número de pistas). Expórtalo más pequeño y sube esa copia.",
    ),
    FailureCode.UNSUPPORTED: Sentence(
        "The video uses a format that can't be decoded. Export it as MP4 (H.264) and upload that.",
        "El vídeo usa un formato que no se puede decodificar. Expórtalo como MP4 (H.264) "
        "y sube esa copia.",
    ),
    FailureCode.SOURCE_MISSING: Sentence(
        "The uploaded file is no longer stored. Upload it again.",
        "El archivo subido ya no está almacenado. Súbelo de nuevo.",
    ),
    FailureCode.QUOTA_EXCEEDED: Sentence(
        "Your minutes of processing for today are used up. Your file is kept: reprocess it "
        "tomorrow, or ask the operator for more.",
        "Has gastado tus minutos de proceso de hoy. Tu archivo se conserva: procésalo de nuevo "
        "mañana o pide más al operador.",
    ),
    FailureCode.GAVE_UP: Sentence(
        "Processing was interrupted too many times. Nothing is wrong with your file: "
        "reprocess it, and tell the operator if it happens again.",
        "El proceso se interrumpió demasiadas veces. A tu archivo no le pasa nada: "
        "procésalo otra vez y avisa al operador si vuelve a ocurrir.",
    ),
    FailureCode.INTERNAL: Sentence(
        "Something went wrong on our side. The operator can see it; your original is safe "
        "and can be reprocessed.",
        "Algo falló por nuestra parte. El operador lo ve; tu original está a salvo "
        "y se puede procesar de nuevo.",
    ),
}


PERHAPS_OURS = frozenset({FailureCode.INTERNAL, FailureCode.GAVE_UP})
"""Failures that may be our fault: the operator gets a dead letter, and a redrive builds on what was
made."""


class CarreteError(Exception):
    """Base of every error that Carrete raises on purpose."""


class InvalidInputError(CarreteError):
    """The source itself is at fault: final, no retry helps.

    Attributes:
        code: what the owner is told.
        detail: one technical line for logs and the operator; never shown as the only reason.
    """

    def __init__(self, code: FailureCode, detail: str) -> None:
        """Keep the code and the technical detail."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class TransientError(CarreteError):
    """A passing fault (network, full disk, killed process, stalled encoder): trying again helps."""


class UnavailableError(TransientError):
    """A service that every task needs is out of reach: it says nothing about this one."""


class ShortcutFailedError(CarreteError):
    """A result in which something was copied is wrong: make it anew without the copy."""


class LeaseLostError(CarreteError):
    """This attempt no longer owns its task: stop, change nothing."""


class TaskCanceledError(CarreteError):
    """The owner canceled or deleted the video while the task ran: stop, change nothing."""
