"""Word that this machine is about to be taken away."""

from typing import Protocol


class Notices(Protocol):
    """What the machine's owner, such as EC2, lets those know who run on it."""

    async def pending(self) -> str | None:
        """What is about to happen to this machine, in a few words; nothing while it may go on.

        Raises:
            TransientError: nobody could be asked.
        """
        ...
