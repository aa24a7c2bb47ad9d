"""The kinds of faults: each a class with a name, a way to strike and a way to heal."""

from chaos.faults.base import Fault
from chaos.faults.database import DATABASE
from chaos.faults.disk import FillDisk
from chaos.faults.processes import PROCESSES
from chaos.faults.stores import QUEUE, STORE
from chaos.schedule import Duration

ALL: tuple[type[Fault], ...] = (*PROCESSES, *DATABASE, *STORE, *QUEUE, FillDisk)

BY_NAME: dict[str, type[Fault]] = {fault.name: fault for fault in ALL}


def durations() -> dict[str, Duration]:
    """How long each kind may last."""
    return {fault.name: fault.lasts for fault in ALL}
