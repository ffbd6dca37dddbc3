"""The rehearsal: the very backup restored, migrated and verified where nobody works."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from migrator.core.errors import Failed, Interrupted, MigratorError
from migrator.core.runner import Runner
from migrator.core.session import open_connection
from migrator.core.target import Target
from migrator.deploy import checks, databases, restore
from migrator.deploy.archive import Backup, Programs
from migrator.deploy.prerequisites import Prerequisites
from migrator.deploy.steps import Event, Steps
from migrator.server.scratch import Scratch

KIND = "deploy_rehearsal"
_UNCHANGED = "The target was not changed; the backup is whole."


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a rehearsal takes place.

    Args:
        found: What is known of the target's server and of the role.
        tools: pg_restore.
        elsewhere: The server for it; None for beside the target.
        jobs: How many sessions restore at once.

    """

    found: Prerequisites
    tools: Programs
    elsewhere: Target | None
    jobs: int

    @property
    def server(self) -> Target:
        """Where the copy is made."""
        if self.elsewhere is not None:
            return self.elsewhere
        assert self.found.admin is not None  # noqa: S101  else there is no rehearsal
        return self.found.admin.target


def rehearse(runner: Runner, backup: Backup, stage: Stage, steps: Steps) -> Event:
    """Restore a backup into a scratch database, check it, migrate that and verify it; drop it.

    Args:
        runner: The target and the files.
        backup: The backup to restore.
        stage: The server that the copy is made on, and the programs that make it.
        steps: Told what is done.

    Returns:
        How many seconds each part took.

    Raises:
        Failed: The backup cannot be restored, a file cannot be applied, or the outcome is wrong.

    """
    server, elsewhere = stage.server, stage.elsewhere
    hint = "Name a server by a role that has CREATEDB: --rehearse-on URL; or --no-rehearse."
    with steps.step("rehearsal") as detail, Scratch(server, KIND, hint) as scratch:
        started = time.monotonic()
        name = scratch.name("copy")
        _create(server, name, backup, is_elsewhere=elsewhere is not None)
        copy = server.beside(name)
        without = _superusers(stage.found, elsewhere)
        databases.fill(
            backup,
            copy,
            stage.tools,
            jobs=stage.jobs,
            with_owners=elsewhere is None,
            without=without,
            show=steps.show,
        )
        restore.refuse_different(backup, copy, steps.show)
        left = []
        if elsewhere is None:
            with open_connection(server) as connection:
                left = databases.dress(connection, name, backup.manifest.properties)
        restored = time.monotonic()
        detail["restore_seconds"] = round(restored - started, 3)
        # As in production, the target's own role migrates.
        migrating = copy if elsewhere is not None else runner.target.beside(name)
        detail["files"] = _migrate(runner, migrating, steps)
        detail["migrate_seconds"] = round(time.monotonic() - restored, 3)
        detail["left_out"] = [*left, *(f"extension {each}" for each in without)]
        detail["said"] = (
            f"restored and checked in {detail['restore_seconds']:.1f} s, migrated and verified in "
            f"{detail['migrate_seconds']:.1f} s"
        )
    return detail


def _create(server: Target, name: str, backup: Backup, *, is_elsewhere: bool) -> None:
    with open_connection(server) as connection:
        if is_elsewhere:  # its roles, tablespaces and locales may be others
            connection.execute(databases.plain(name))
        else:
            databases.create(connection, name, backup.manifest.properties)


def _superusers(found: Prerequisites, elsewhere: Target | None) -> list[str]:
    """Return the extensions that this role cannot create: nothing can depend on them there."""
    if elsewhere is None and found.admin is not None and found.admin.is_superuser:
        return []
    return found.facts.superusers_extensions


def _migrate(runner: Runner, copy: Target, steps: Steps) -> list[dict[str, Any]]:
    rehearsed = Runner(
        runner.project, copy, runner.limits, lambda line: steps.show(f"rehearsal: {line}")
    )
    try:
        known = checks.known(rehearsed)
        rehearsed.migrate(to=None, with_seeds=True, dry_run=False)
        found = checks.new(rehearsed, known)
    except Interrupted:  # what it says is of the copy
        raise KeyboardInterrupt from None
    except MigratorError as error:
        raise Failed(
            f"The rehearsal failed: {error.message}", state=_UNCHANGED, hint=error.hint
        ) from error
    finally:
        rehearsed.session.connection.close()
    if found:
        raise Failed(
            "The rehearsal failed: the migrated copy does not pass verify:\n  "
            + "\n  ".join(found),
            state=_UNCHANGED,
            hint="Correct the files, then deploy again.",
        )
    return [{"done": line} for line in rehearsed.done]
