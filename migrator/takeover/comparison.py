"""Whether a database is what migrations make: compared with a scratch database that they made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from migrator.catalogue import objects
from migrator.catalogue.objects import Catalogue, Difference
from migrator.core.errors import Refused
from migrator.core.files import Migration
from migrator.core.process import interruptible
from migrator.core.runner import Runner
from migrator.core.target import Target
from migrator.server.scratch import Scratch

Throwaway = Callable[[], AbstractContextManager[str]]
_ROLES = "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_'"


def refuse_difference(
    runner: Runner,
    last: Migration | None,
    throwaway: Throwaway,
    is_passed_over: Callable[[Difference], bool],
) -> None:
    """Refuse a database that is not what its migrations make.

    Args:
        runner: The database and the files.
        last: The last migration that the database should have; None for none.
        throwaway: Runs a server that is thrown away afterwards, and gives its URL.
        is_passed_over: Says whether a difference does not matter.

    Raises:
        Refused: There are other differences. The message lists them.

    """
    roles = runner.session.connection.execute(_ROLES).fetchall()
    with interruptible(), throwaway() as url:
        server = Target.parse(url, "a server for this comparison")
        with Scratch(server, "baseline") as scratch:
            for (role,) in roles:
                scratch.add_role(role)
            expected = _made(runner, last, scratch.create("migrated"))
    found = objects.read(runner.session.connection)
    told = objects.required(objects.differences(expected.schema, found.schema), found.extensions)
    beside = runner.limits.beside_others
    by_choice = runner.project.settings.row_security_by_choice
    words = [
        each.words
        for each in told
        if not is_passed_over(each)
        and not (beside and is_anothers(each))
        and not (by_choice and _is_row_security(each))
    ]
    if words:
        after = f"{last.id} and those before it make" if last else "it is before any migration"
        raise Refused(
            f"The database is not what {after}:\n  " + "\n  ".join(words),
            hint="Name the migration that the database is at, or bring it there first. If what is "
            "unexpected is another application's, add --beside-others.",
        )


def is_anothers(difference: Difference) -> bool:
    """Say whether a difference is an object by itself that no migration made."""
    return difference.is_unexpected and not difference.subject.whole


def _is_row_security(difference: Difference) -> bool:
    is_policy = difference.subject.kind == "policy" and difference.is_unexpected
    return is_policy or difference.aspect == "row security"


def _made(runner: Runner, last: Migration | None, place: Target) -> Catalogue:
    """Return what the migrations make of an empty database."""
    scratch = Runner(runner.project, place, runner.limits, lambda _: None)
    with scratch.session.connection as connection:
        if last is not None:
            scratch.migrate(to=last.id, with_seeds=False, dry_run=False)
        return objects.read(connection)
