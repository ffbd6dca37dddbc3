#!/usr/bin/env python3
"""The command line: reads arguments, calls what they name, prints the answer. See README.md."""

from __future__ import annotations

from migrator import process

if __name__ == "__main__":
    process.begin()  # before the imports that take time

import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    import click
except ModuleNotFoundError:
    print("error: The Python package click is not installed.\nnext: make migrate", file=sys.stderr)
    sys.exit(2)

from migrator import options
from migrator.command import Command, in_words

if TYPE_CHECKING:
    from migrator.migrate import Plan

ROOT = Path(__file__).resolve().parent
EXIT_FAILED, EXIT_NOT_UP_TO_DATE = 1, 3
say = partial(click.echo, err=True)


def answer(command: Command, document: dict[str, Any], text: Sequence[str], code: int = 0) -> int:
    """Print a command's answer, a JSON document or lines of text; return its exit code."""
    process.on_signals(signal.SIG_IGN)  # what is done is done
    click.echo(json.dumps(document, indent=2, default=str) if command.as_json else "\n".join(text))
    return code


def answer_plan(command: Command, plan: Plan, done: str) -> None:
    """Answer with what was done, or would be."""
    migrations = [each.id for each in plan.migrations]
    seeds = [each.id for each in plan.seeds]
    text = [f"{done} {each}" for each in (*migrations, *seeds)] or ["nothing to do"]
    if len(text) > 1 and sys.stdout.isatty():  # each was told as it was done
        text = [f"{done} {len(migrations)} migrations, {len(seeds)} seeds"]
    answer(command, {done.replace(" ", "_"): migrations, "seeds": seeds}, text)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--database", metavar="URL", help="A postgresql:// URL or key=value string.")
@click.option("--migrations", type=options.DIRECTORY, metavar="DIR", help="Default: migrations/.")
@click.option("--seeds", type=options.DIRECTORY, metavar="DIR", help="Default: seeds/ beside it.")
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")
@click.pass_context
def cli(context: click.Context, /, **named: Any) -> None:
    """Migrate a PostgreSQL database by raw SQL files.

    The target is --database, else DATABASE_URL, else libpq's variables (PGHOST, PGSERVICE, ...),
    else a server of the project's own in .postgres/, which is created and started as needed.

    Exit codes: 0 done or nothing to do, 1 failed, 2 refused before any change, 3 not up to date
    (status --exit-code), 130 interrupted.
    """
    context.obj = Command(ROOT, **named, say=say)


@cli.command()
@click.option("--to", metavar="ID", help="The last migration to apply.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--no-seed", is_flag=True, help="Leave the seeds alone.")
@options.limits
@click.pass_obj
def migrate(
    command: Command, /, to: str | None, dry_run: bool, no_seed: bool, **limits: Any
) -> None:
    """Apply what is pending, then the seeds that changed."""
    plan = command.work(**limits).migrate(to=to, with_seeds=not no_seed, dry_run=dry_run)
    answer_plan(command, plan, "would apply" if dry_run else "applied")


@cli.command()
@options.limits
@click.pass_obj
def seed(command: Command, /, **limits: Any) -> None:
    """Apply every seed; what is in place already is not written again."""
    answer_plan(command, command.work(**limits).seed(), "applied")


@cli.command()
@click.option("--steps", type=click.IntRange(1), metavar="N", help="Undo the last N.")
@click.option("--to", metavar="ID", help="Undo what came after ID; ID is kept.")
@click.option("--all", "everything", is_flag=True, help="Undo all.")
@click.option("--yes", is_flag=True, help="Do not ask before data is destroyed.")
@options.limits
@click.pass_obj
def rollback(
    command: Command,
    /,
    steps: int | None,
    to: str | None,
    everything: bool,
    yes: bool,
    **limits: Any,
) -> None:
    """Undo the newest migrations first."""
    if (steps is not None) + (to is not None) + everything != 1:
        raise click.UsageError("Give one of --steps N, --to ID and --all.")

    confirm = options.confirmation(say, given=yes)
    plan = command.work(**limits).rollback(steps=steps, to=to, confirm=confirm)
    answer_plan(command, plan, "rolled back")


@cli.command()
@click.argument("migration", metavar="ID")
@click.option("--as", "end", type=click.Choice(["applied", "pending"]), required=True)
@options.limits
@click.pass_obj
def settle(command: Command, /, migration: str, end: str, **limits: Any) -> None:
    """Record how an interrupted file ended, where the database does not show it: applied or not."""
    settled = command.work(**limits).settle(migration, applied=end == "applied")
    answer(command, {"settled": settled, "as": end}, [f"{settled} is {end}"])


@cli.command()
@click.option("--exit-code", is_flag=True, help="Exit 3 if anything but up to date.")
@click.pass_obj
def status(command: Command, /, exit_code: bool) -> int:
    """Show what is applied, pending, edited, missing, out of order and interrupted."""
    state = command.work().state()
    document = {"up_to_date": state.up_to_date, **state.ids()}
    code = EXIT_NOT_UP_TO_DATE if exit_code and not state.up_to_date else 0
    return answer(command, document, state.lines(), code)


@cli.command()
@click.option("--rollback", "back", is_flag=True, help="What `rollback --all` would do.")
@click.option("--to", metavar="ID", help="The last migration to apply, or to keep.")
@click.option("--sql", "as_sql", is_flag=True, help="One script that psql can run by hand.")
@click.pass_obj
def plan(command: Command, /, back: bool, to: str | None, as_sql: bool) -> None:
    """Show what would run, in order."""
    work = command.work()
    if back:
        planned = work.rollback_plan(steps=None, to=to)
    else:
        planned = work.migrate(to=to, with_seeds=True, dry_run=True)
    if not as_sql:
        answer_plan(command, planned, "would roll back" if back else "would apply")
        return
    from migrator.plan import script

    text = script(work.session, planned.migrations, planned.seeds, rollback=back)
    answer(command, {"sql": text}, [text])


@cli.command()
@click.pass_obj
def verify(command: Command, /) -> int:
    """Check history, schema, rules over the catalogue, indexes and seeds; change nothing."""
    from migrator.verify import verify as make_checks

    checks = make_checks(command.work())
    lines = [line for check in checks for line in check.lines()]
    passed = not any(check.findings for check in checks)
    document = {"passed": passed, "checks": [asdict(check) for check in checks]}
    return answer(command, document, lines, 0 if passed else EXIT_FAILED)


@cli.command()
@click.argument("migration", metavar="ID")
@options.limits
@click.pass_obj
def baseline(command: Command, /, migration: str, **limits: Any) -> None:
    """Mark everything up to ID as applied, on a database that already has that schema."""
    from migrator.baseline import baseline as mark

    marked = mark(command.work(**limits), migration, command.server.start)
    answer(command, {"marked": [each.id for each in marked]}, [f"marked {len(marked)} as applied"])


@cli.command()
@click.argument("domain")
@click.argument("change")
@click.pass_obj
def new(command: Command, /, domain: str, change: str) -> None:
    """Write the next pair of files, with the header to fill in: new tasks add_deadline."""
    from migrator.scaffold import new as write_pair

    paths = [str(path) for path in write_pair(command.project.migrations, domain, change)]
    answer(command, {"files": paths}, paths)


@cli.command()
@click.pass_obj
def lint(command: Command, /) -> int:
    """Check the files: bytes, headers, pairs, and squawk's rules."""
    from migrator.lint import lint as check_files

    findings = check_files(command.project)
    code = EXIT_FAILED if findings else 0
    return answer(command, {"findings": findings}, findings or ["no findings"], code)


@cli.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@options.review
@click.pass_obj
def review(
    command: Command, /, ids: Sequence[str], formats: Sequence[str], out: Path | None, **how: Any
) -> int:
    """Measure on throwaway databases what migrations do: locks, rewrites, the way back.

    Exit codes: 0 pass, 1 finding, 2 could not be measured.
    """
    from migrator.review import command as reviewing

    report = reviewing.review(command, ids, **how)
    text = reviewing.told(report, formats, out)
    return answer(command, report.document(), text, report.exit_code)


@cli.command()
@click.pass_obj
def rows(command: Command, /) -> None:
    """Print how many rows each relation has, as `review --rows` reads it."""
    from migrator.review import counts

    known, unknown = counts.of(command.work().session.connection)
    for relation in unknown:
        say(f"left out, since it was never analysed: {relation}")
    answer(command, {"rows": known}, counts.write(known))


@cli.command()
@click.option("--check", is_flag=True, help="Compare instead of writing.")
@click.pass_obj
def schema(command: Command, /, check: bool) -> int:
    """Write sql/schema.sql and docs/schema.md from a target that is up to date, or compare."""
    from migrator import diagram, history, snapshot

    work = command.work()
    path = snapshot.path(work.project.sql)
    if check:
        differences = snapshot.compare(snapshot.load(path), work.target, work.session)
        differences += diagram.differences(path, work.session)
        lines, code = differences or [f"{path} is current"], EXIT_FAILED if differences else 0
        return answer(command, {"differences": differences}, lines, code)
    history.refuse_behind(work.state())
    snapshot.write(path, work.target, work.session)
    written = [path, *diagram.write(path, work.session)]
    return answer(command, {"files": written}, [f"wrote {each}" for each in written])


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("action", type=click.Choice(["start", "stop", "status", "psql", "url"]))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def server(command: Command, /, action: str, arguments: tuple[str, ...]) -> None:
    """Manage the project's own PostgreSQL server, which keeps its data in .postgres/.

    start creates and starts what is missing; stop keeps the data; url starts nothing; psql hands
    further arguments on.
    """
    if arguments and action != "psql":
        raise click.UsageError(f"server {action} takes no further argument.")
    answer(command, *command.server.act(action, arguments))


def main() -> int:
    """Run the command line; return the exit code. What a user can cause is told, no traceback."""
    process.open_streams()
    try:
        return cli.main(standalone_mode=False) or 0
    except BrokenPipeError:  # `plan --sql | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except (Exception, KeyboardInterrupt) as ending:
        process.on_signals(signal.SIG_IGN)
        error = in_words(ending)
        told = {"error": error.message, "state": error.state, "next": error.hint}
        if isinstance(ending, click.ClickException):
            ending.show()
        else:
            say("\n".join(f"{label}: {text}" for label, text in told.items() if text))
    if "--json" in sys.argv:
        click.echo(json.dumps({**told, "exit_code": error.exit_code}, indent=2))
    return error.exit_code


if __name__ == "__main__":
    process.end(main())
