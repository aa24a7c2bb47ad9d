"""Commands for operators: api, worker, migrate, gc, doctor. They read the server's own settings."""

from typing import Annotated

import typer

from carrete.cli.exits import ExitCode
from carrete.cli.options import Json
from carrete.cli.running import run_async
from carrete.cli.shell import Shell

HOUR_S = 3600.0


def api(
    *,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on (CARRETE_API_HOST).")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Port to listen on (CARRETE_API_PORT)."),
    ] = None,
) -> None:
    """Serve the API and the web page until SIGTERM."""
    from carrete.api.main import run
    from carrete.config import load_settings

    given = {"api_host": host, "api_port": port}
    run(load_settings(**{name: value for name, value in given.items() if value is not None}))


def worker() -> None:
    """Take tasks from the queue until SIGTERM, which gives the running one back."""
    from carrete.config import load_settings
    from carrete.worker.main import run

    run(load_settings())


def migrate(
    *,
    revision: Annotated[
        str, typer.Argument(metavar="[REVISION]", help="head, base or a revision.")
    ] = "head",
    as_json: Json = False,
) -> None:
    """Bring the database to a revision: the newest one, when none is given.

    Example: `carrete migrate` · `carrete migrate 0001`
    """
    from carrete import bootstrap
    from carrete.config import load_settings

    shell = Shell(as_json=as_json)
    url = load_settings().database_url.get_secret_value()
    before, _ = bootstrap.revisions(url)
    bootstrap.migrate(url, revision)
    after, newest = bootstrap.revisions(url)
    if as_json:
        shell.emit({"before": before, "after": after, "newest": newest})
    else:
        shell.out.print(shell.say("migrated", before=before or "–", after=after or "–"))  # noqa: RUF001 - dashes


def gc(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report.")] = False,
    min_age: Annotated[
        float, typer.Option("--min-age", min=0, help="Leave alone what is younger, in seconds.")
    ] = HOUR_S,
    as_json: Json = False,
) -> None:
    """Remove stored objects and open uploads that no row of the database points at.

    Examples: `carrete gc --dry-run` · `carrete gc --json`
    """
    from dataclasses import asdict

    from carrete.bootstrap import open_container
    from carrete.config import load_settings
    from carrete.usecases.collect_garbage import GarbageReport, collect_garbage

    shell, settings = Shell(as_json=as_json), load_settings()

    async def call() -> GarbageReport:
        async with open_container(settings) as container:
            return await collect_garbage(
                container.maintenance,
                container.objects,
                min_age_s=min_age,
                sweep_grace_s=settings.sweep_grace_s,
                dry_run=dry_run,
            )

    report = run_async(call())
    if as_json:
        shell.emit({"dry_run": dry_run, **asdict(report)})
        return
    for key in report.keys:
        shell.out.print(key, markup=False)
    shell.note(
        "garbage_found" if dry_run else "garbage_removed",
        seen=report.seen,
        orphans=report.orphans,
        size=shell.say.size(report.orphan_bytes),
        uploads=report.uploads,
        swept=report.swept,
    )


def doctor(*, as_json: Json = False) -> None:
    """Check settings, database, S3, SQS, ffmpeg, sandbox and disk, and say how to mend them.

    Example: `carrete doctor --json | jq '.checks[] | select(.status != "ok")'`
    """
    from carrete.cli.checks import Status, check_all

    shell = Shell(as_json=as_json)
    checks = run_async(check_all())
    broken = any(check.status is Status.FAIL for check in checks)
    if as_json:
        shell.emit({"ok": not broken, "checks": [check.to_json(shell.say) for check in checks]})
    else:
        for check in checks:
            shell.out.print(check.line(shell.say))
            if check.mend is not None:
                shell.out.print(f"      → {shell.say(check.mend)}", markup=False)
    if broken:
        raise typer.Exit(ExitCode.FAILED)


COMMANDS = (api, worker, migrate, gc, doctor)
