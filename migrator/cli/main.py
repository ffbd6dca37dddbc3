"""The command line: reads arguments, runs the command, prints its answer. See README.md."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator import __version__
from migrator.cli import options
from migrator.cli.answers import answer, say
from migrator.cli.command import Command, in_words
from migrator.cli.fleet import fleet
from migrator.core import layouts, process

if TYPE_CHECKING:
    from migrator.core.plan import Plan

EXIT_FAILED, EXIT_NOT_UP_TO_DATE = 1, 3


def in_steps(command: Command, name: str, *, yes: bool = False, **how: Any) -> int:
    """Run a command that reports each step, with --json as one line each; return its exit code."""
    from migrator.cli import deploy as deploying
    from migrator.core.steps import Steps

    echo = click.echo if command.as_json else None
    show = partial(say, nl=False) if sys.stderr.isatty() else None
    ask = options.approval(say, is_approved=yes)
    done = getattr(deploying, name)(command, Steps(say, echo, show), ask, **how)
    return answer(command, done.document, done.lines, done.code, indent=done.indent)


def answer_plan(command: Command, plan: Plan, done: str) -> None:
    """Print which migrations and seeds were applied or rolled back, or would be."""
    migrations = [each.id for each in plan.migrations]
    seeds = [each.id for each in plan.seeds]
    text = [f"{done} {each}" for each in (*migrations, *seeds)]
    if len(text) > 1 and sys.stdout.isatty():  # progress has shown each of them
        text = [f"{done} {len(migrations)} migrations, {len(seeds)} seeds"]
    recorded = {name: list(ids) for name, ids in plan.replaced.items()}
    would = "would record" if done.startswith("would") else "recorded"
    text += [f"{would} {name} in the place of {len(ids)}" for name, ids in recorded.items()]
    document = {done.replace(" ", "_"): migrations, "seeds": seeds}
    if recorded:
        document["recorded"] = [*recorded]
    answer(command, document, text or ["nothing to do"])


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="migrator", message="%(prog)s %(version)s")
@options.target
@click.pass_context
def cli(context: click.Context, /, **named: Any) -> None:
    """Migrate a PostgreSQL database with raw SQL files.

    The target is the first of these that is given: --database, DATABASE_URL, libpq's variables
    (PGHOST, PGSERVICE, ...), the embedded server. The embedded server keeps its data in .postgres/
    and is created and started as needed.

    Every option has an environment variable: MIGRATOR_JSON=1 means --json, and
    MIGRATOR_MIGRATE_LOCK_TIMEOUT=5s means --lock-timeout of migrate.

    Exit codes: 0 done or nothing to do, 1 failed, 2 refused before any change, 3 not up to date
    (status --exit-code), 4 batches paused, 130 interrupted.
    """
    options.refuse_empty(context)
    context.obj = Command.begin(context.obj, **named, say=say)
    options.refuse_empty(context)  # what the project's file of variables has given


@cli.command()
@options.migrate
@click.pass_obj
def migrate(
    command: Command, /, to: str, dry_run: bool, no_seed: bool, pause_batches: bool, **limits: Any
) -> None:
    """Apply pending migrations, then changed seeds."""
    runner = command.runner(**limits)
    if pause_batches:
        paused = runner.pause_batches()
        lines = [f"paused {each.id}: {each.words}" for each in paused] or ["no batches are running"]
        answer(command, {"paused": [each.document for each in paused]}, lines)
        return
    plan = runner.migrate(to=to, with_seeds=not no_seed, dry_run=dry_run)
    answer_plan(command, plan, "would apply" if dry_run else "applied")


@cli.command()
@options.limits
@click.pass_obj
def seed(command: Command, /, **limits: Any) -> None:
    """Apply all seeds. Rows that are already right are not written again."""
    answer_plan(command, command.runner(**limits).seed(), "applied")


@cli.command()
@options.rollback(say)
@click.pass_obj
def rollback(command: Command, /, how: dict[str, Any], **limits: Any) -> None:
    """Roll back migrations, the newest first."""
    answer_plan(command, command.runner(**limits).rollback(**how), "rolled back")


@cli.command()
@click.option("--yes", is_flag=True, help="Do not ask before data is destroyed.")
@options.limits
@click.pass_obj
def realign(command: Command, /, yes: bool, **limits: Any) -> None:
    """Roll back what disagrees with the files.

    For a database of your own, after a change of branch or an edit. Rolls back what is edited or
    missing in the files, or came too early, and all that came after it: newest first, by the
    rollback files as they were when it was applied.
    """
    runner = command.runner(**limits)
    undone = runner.realign(options.confirmation(say, is_approved=yes))
    rolled_back = [each.id for each in undone.migrations]
    would_apply = [each.id for each in runner.state().pending]
    text = [f"rolled back {each}" for each in rolled_back] or ["nothing to do"]
    text += [f"migrate will apply {each}" for each in would_apply]
    answer(command, {"rolled_back": rolled_back, "would_apply": would_apply}, text)


@cli.command()
@click.argument("migration", metavar="ID")
@click.option(
    "--as",
    "end",
    type=click.Choice(["applied", "pending"]),
    required=True,
    help="applied: it took effect. pending: it did not.",
)
@options.limits
@click.pass_obj
def settle(command: Command, /, migration: str, end: str, **limits: Any) -> None:
    """Record the outcome of an interrupted file.

    Only needed if the database itself does not show whether the file took effect.
    """
    settled = command.runner(**limits).settle(migration, applied=end == "applied")
    answer(command, {"settled": settled, "as": end}, [f"{settled} is {end}"])


@cli.command()
@click.option("--exit-code", is_flag=True, help="End with exit code 3 if not up to date.")
@click.option("--diff", is_flag=True, help="Show what was changed in edited files.")
@click.pass_obj
def status(command: Command, /, exit_code: bool, diff: bool) -> int:
    """Show what is applied, pending, edited or missing.

    Also shows files that are out of order or interrupted, pending seeds, and the last deploys.
    """
    from migrator.core.status import standing

    found = standing(command.runner(), with_diff=diff)
    code = EXIT_NOT_UP_TO_DATE if exit_code and not found.up_to_date else 0
    return answer(command, found.document, found.lines, code)


@cli.command()
@click.option("--rollback", "back", is_flag=True, help="Show what `rollback --all` would do.")
@click.option("--to", metavar="ID", help="The last migration to apply, or to keep.")
@click.option("--sql", "as_sql", is_flag=True, help="Print one script for psql.")
@options.beside_others
@click.pass_obj
def plan(
    command: Command, /, back: bool, to: str | None, as_sql: bool, beside_others: bool
) -> None:
    """Show what would run, in order."""
    work = command.runner(beside_others=beside_others)
    planned = work.rollback_plan(steps=None, to=to) if back else work.pending(to)
    if not as_sql:
        answer_plan(command, planned, "would roll back" if back else "would apply")
        return
    from migrator.core.script import script

    text = script(work.session, planned, work.migrations, rollback=back)
    answer(command, {"sql": text}, [text])


@cli.command()
@click.pass_obj
def verify(command: Command, /) -> int:
    """Check history, schema, rules, indexes and seeds. Changes nothing."""
    from migrator.catalogue.verify import checked

    return answer(command, *checked(command.runner()))


@cli.command()
@click.argument("migration", metavar="ID")
@options.beside_others
@options.limits
@click.pass_obj
def baseline(command: Command, /, migration: str, **limits: Any) -> None:
    """Mark migrations up to ID as applied.

    For a database that already has the schema. The command checks this first.
    """
    from migrator.takeover.baseline import baseline as mark

    marked = mark(command.runner(**limits), migration, command.server.throwaway)
    answer(command, {"marked": [each.id for each in marked]}, [f"marked {len(marked)} as applied"])


@cli.command()
@click.argument("migration", metavar="[ID]", required=False)
@click.option("--from", "tool", metavar="TOOL", help="The tool, if there are histories of several.")
@options.beside_others
@options.limits
@click.pass_obj
def adopt(command: Command, /, migration: str | None, tool: str | None, **limits: Any) -> None:
    """Take over the history of another migration tool.

    ID is the last migration that the database has. It is only needed if that history does not name
    files. The command checks first that the database is what its files make.
    """
    from migrator.takeover.adopt import adopt as take_over

    adopted = take_over(command.runner(**limits), migration, tool, command.server.throwaway)
    document = {
        "adopted": [each.id for each in adopted.migrations],
        "from": adopted.history.tool.name,
        "tables": sorted(adopted.history.tables),
        "moved": adopted.is_moved,
    }
    answer(command, document, adopted.lines)


@cli.command()
@click.option(
    "--from", "tool", type=click.Choice(layouts.TOOLS), required=True, help="The tool of the files."
)
@click.argument("directory", metavar="DIR", type=options.DIRECTORY)
@click.argument("out", metavar="OUT", type=options.DIRECTORY)
@click.pass_obj
def convert(command: Command, /, tool: str, directory: Path, out: Path) -> int:
    """Lay the files of another migration tool out as pairs.

    DIR has its files, and is only read. OUT gets the pairs. What cannot be converted is named.
    """
    from migrator.takeover.convert import convert as lay_out

    done = lay_out(tool, directory, out)
    document = {"out": str(done.out), "converted": done.ids, "problems": done.problems}
    return answer(command, document, done.lines, EXIT_FAILED if done.problems else 0)


@cli.command()
@click.argument("migration", metavar="ID")
@click.option(
    "--out",
    type=options.DIRECTORY,
    help="Write the pair into this directory, and leave the set as it is.",
)
@click.pass_obj
def squash(command: Command, /, migration: str, out: Path | None) -> None:
    """Put one pair in the place of all migrations up to ID.

    A database that has all of them counts as having the pair. A new one applies it. The old files
    are removed once it is shown, on a throwaway server, that the pair makes the same.
    """
    from migrator.takeover.squash import squash as replace

    done = replace(command.project, migration, command.server.throwaway, command.say, out)
    document = {"files": done.files, "replaced": done.replaced, "notes": done.notes}
    answer(command, document, done.lines)


@cli.command()
@click.argument("domain")
@click.argument("change")
@click.option("--batch", is_flag=True, help="For a change of many rows, in batches.")
@click.pass_obj
def new(command: Command, /, domain: str, change: str, batch: bool) -> None:
    """Create the next pair of migration files.

    Example: new tasks add_deadline
    """
    from migrator.core.scaffold import new as write_pair

    made = write_pair(command.project.migrations, domain, change, in_batches=batch)
    paths = [str(path) for path in made]
    answer(command, {"files": paths}, paths)


@cli.command()
@click.option("--against", metavar="REF", help="Check only what changed since a git revision.")
@click.pass_obj
def lint(command: Command, /, against: str | None) -> int:
    """Check the files: bytes, headers, pairs, squawk's rules."""
    from migrator.lint.lint import lint as check_files

    findings = check_files(command.project, against)
    code = EXIT_FAILED if findings else 0
    return answer(command, {"findings": findings}, findings or ["no findings"], code)


@cli.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@options.review
@click.pass_obj
def review(command: Command, /, **how: Any) -> int:
    """Measure what migrations do: locks, rewrites, rollback.

    The migrations run on scratch databases. Without ID, those pending on the target are reviewed.

    Exit codes: 0 safe to apply, 1 findings, 2 something was not measured.
    """
    from migrator.cli.review import reviewed

    return answer(command, *reviewed(command, **how))


@cli.command()
@click.pass_obj
def rows(command: Command, /) -> None:
    """Print the number of rows of each relation, for review --rows."""
    from migrator.rows import counts

    known, unknown = counts.estimate(command.runner().session.connection)
    for relation in unknown:
        say(f"left out, because it was never analysed: {relation}")
    answer(command, {"rows": known}, counts.write(known))


@cli.command()
@click.option("--check", is_flag=True, help="Compare instead of writing.")
@click.pass_obj
def schema(command: Command, /, check: bool) -> int:
    """Write or compare the schema snapshot.

    It writes sql/schema.sql and docs/schema.md from a target that is up to date.
    """
    from migrator.catalogue import diagram

    document, lines, differs = diagram.schema(command.runner(), check=check)
    return answer(command, document, lines, EXIT_FAILED if differs else 0)


@cli.command()
@options.deploy
@click.pass_obj
def deploy(command: Command, /, **how: Any) -> int:
    """Migrate with a backup, a rehearsal and an undo.

    Backs up, rehearses on a copy, applies, verifies and watches. If it fails, it rolls back or
    restores the backup.
    """
    return in_steps(command, "deploy", **how)


@cli.command()
@click.argument("backup")
@options.restore
@click.pass_obj
def restore(command: Command, /, **how: Any) -> int:
    """Restore a backup.

    It checks the backup and restores it into a new database, which then replaces the target unless
    --into is given.
    """
    return in_steps(command, "put_back", **how)


@cli.command()
@click.argument("action", type=click.Choice(["list", "make", "verify", "prune"]), default="list")
@click.argument("names", nargs=-1)
@options.backups
@click.pass_obj
def backups(command: Command, /, **how: Any) -> int:
    """List, make, verify or prune backups.

    list shows them, make makes one, verify reads them completely, prune removes old ones.
    """
    return in_steps(command, "backups", **how)


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("action", type=click.Choice(["start", "stop", "reset", "status", "psql", "url"]))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--yes", is_flag=True, help="Do not ask before reset.")
@click.pass_obj
def server(command: Command, /, action: str, arguments: tuple[str, ...], yes: bool) -> None:
    """Manage the embedded PostgreSQL server.

    start: create it if necessary, and start it. stop: stop it and keep its data. reset: drop its
    database and create it empty. status, url: show where it is; they start nothing. psql: open
    psql on it, with further arguments.
    """
    if arguments and action != "psql":
        raise click.UsageError(f"server {action} takes no further argument.")
    if yes and action != "reset":
        raise click.UsageError("--yes is for server reset.")
    if action == "reset":
        options.approval(say, is_approved=yes)(
            [f"This database will be dropped with all its data: {command.to_be_reset()}"],
            "If you want that, add --yes.",
        )
    answer(command, *command.server.act(action, arguments))


cli.add_command(fleet)
options.name_variables(cli)


def main(root: Path | None, arguments: Sequence[str], install: str = "") -> int:
    """Run a command; report errors that a user can cause without a traceback.

    Args:
        root: The project's directory; None to look for it from the working directory upwards.
        arguments: The arguments after the program's name.
        install: How to install a missing package; empty to name pip.

    Returns:
        The exit code.

    """
    process.open_streams()
    try:
        return cli.main(arguments, process.program(), standalone_mode=False, obj=root) or 0
    except BrokenPipeError:  # `plan --sql | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except (Exception, KeyboardInterrupt) as ending:
        process.on_signals(signal.SIG_IGN)
        error = in_words(ending, install)
        if isinstance(ending, click.ClickException):
            ending.show()
        else:
            say("\n".join(error.lines))
    if process.wants_json(arguments):
        indent = (
            None if {"deploy", "restore", "fleet"} & set(arguments) else 2
        )  # one line for each event
        click.echo(json.dumps(error.document, indent=indent))
    return error.exit_code
