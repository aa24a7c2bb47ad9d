"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, TypeAlias
from uuid import UUID

import typer

from carrete.domain.ladder import Profile

Server: TypeAlias = Annotated[
    str | None,
    typer.Option("--server", help="URL of the server (or CARRETE_SERVER).", show_default=False),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
VideoId: TypeAlias = Annotated[
    UUID, typer.Argument(metavar="ID", help="The video's id, from `carrete ls`.")
]
VideoIds: TypeAlias = Annotated[
    list[UUID], typer.Argument(metavar="ID...", help="Ids of videos, from `carrete ls`.")
]
ProfileOption: TypeAlias = Annotated[
    Profile | None, typer.Option("--profile", help="Codecs to make.", show_default=False)
]
Files: TypeAlias = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...", help="Video files.", exists=True, dir_okay=False, readable=True
    ),
]
Force: TypeAlias = Annotated[bool, typer.Option("--force", help="Replace files that are there.")]
Workers: TypeAlias = Annotated[int, typer.Option("--workers", min=1, max=64, help="Workers.")]
