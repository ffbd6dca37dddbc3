"""Which target is where: one look at each, and what is wrong with one of them or with several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from migrator.core import progress
from migrator.core.errors import MigratorError, Refused
from migrator.core.progress import BatchProgress
from migrator.core.runner import Runner
from migrator.core.session import NoConnection
from migrator.fleet.table import alike, grouped
from migrator.fleet.targets import Member
from migrator.sql import sql

_WRONG = {
    "edited": "edited: ",
    "missing": "not in the files: ",
    "out_of_order": "out of order: ",
    "interrupted": "interrupted: ",
}


@dataclass(frozen=True, slots=True)
class TargetPosition:
    """Where a database stands, and what came of the work there.

    Args:
        system: The system identifier of its server; servers made from one image have one.
        started: When that server was started.
        oid: The database's number there.
        is_standby: Whether it is no primary.
        ids: The ids of its migrations and pending seeds, as `status` groups them.
        last_deploy: The last deploy in a few words; empty if there was none.
        problem: What a capability says is wrong; empty if nothing is.
        batches: How far the files in batches are that were started, and whether each runs now.
        words: What was done.
        migrations: The ids of the migrations that would be applied or rolled back, in order.
        seeds: The ids of the seeds that would follow.
        findings: What `verify` found wrong, a line each.
        found: What else the work found, which is a matter of its kind.

    """

    system: str
    started: str
    oid: int
    is_standby: bool
    ids: Mapping[str, Sequence[str]]
    last_deploy: str
    problem: str
    batches: Sequence[tuple[BatchProgress, bool]] = ()
    words: str = ""
    migrations: Sequence[str] = ()
    seeds: Sequence[str] = ()
    findings: Sequence[str] = ()
    found: Any = None

    @classmethod
    def of(cls, runner: Runner, **came: Any) -> TargetPosition:
        """Read where the target of a runner stands; what came of the work there is given."""
        session = runner.session
        ((system, started, oid),) = session.connection.execute(
            sql("fleet/identity").encode()
        ).fetchall()
        ids = runner.state().ids()
        section = runner.additions.status(session)
        batches = progress.read(session) if ids["interrupted"] else []
        running = [each.id for each in progress.at_work(session)] if batches else []
        return cls(
            system,
            started,
            oid,
            session.facts.is_standby,
            ids,
            section.last if section else "",
            section.problem if section else "",
            [(each, each.id in running) for each in batches],
            **came,
        )

    @property
    def server(self) -> str:
        """What it has in common with all databases of its server, and no other."""
        return f"{self.system} {self.started}"

    @property
    def version(self) -> str:
        """The number of the last applied migration."""
        return number_of(self.ids["applied"][-1]) if self.ids["applied"] else "none"


@dataclass(frozen=True, slots=True)
class Standpoint:
    """A target, and where it stands.

    Args:
        member: The target.
        position: Where it stands; None if that is not known.
        failure: Why it is not known, or why the work there failed.
        twin: The name of a target that is the same database; empty if there is none.
        result: What became of the work there, in words.

    """

    member: Member
    position: TargetPosition | None = None
    failure: MigratorError | None = None
    twin: str = ""
    result: str = ""

    @property
    def server(self) -> str:
        """What its server's targets have in common, or at least those with one address."""
        return self.position.server if self.position else self.member.place

    @property
    def version(self) -> str:
        """The number of the last applied migration; empty if that is not known."""
        return self.position.version if self.position else ""

    @property
    def wrong(self) -> str:
        """Why nothing can be done with the target; empty if something can."""
        if not self.position:
            return getattr(self.failure, "why", "cannot be read")
        ids = self.position.ids
        if batched := [each.id for each, _ in self.position.batches]:
            ids = {**ids, "interrupted": [it for it in ids["interrupted"] if it not in batched]}
        told = [f"same database as {self.twin}" * bool(self.twin)]
        told += ["not a primary" * self.position.is_standby]
        told += [words + ", ".join(ids[key]) for key, words in _WRONG.items() if ids[key]]
        return "; ".join(filter(None, [*told, self.position.problem]))

    @property
    def is_unreachable(self) -> bool:
        """Whether there was no connection."""
        return isinstance(self.failure, NoConnection)

    @property
    def state(self) -> str:
        """Where it stands, in words."""
        if self.wrong or not self.position:
            return self.wrong
        ids = self.position.ids
        if self.position.batches:
            (at, runs), *_ = self.position.batches
            return f"{at.id}: {at.words}, {'running' if runs else 'stopped'}"
        if ids["pending"]:
            return f"{len(ids['pending'])} pending"
        if not ids["applied"]:
            return "no migrations"
        return (
            f"{len(ids['pending_seeds'])} seeds pending" if ids["pending_seeds"] else "up to date"
        )

    @property
    def up_to_date(self) -> bool:
        """Whether exactly the migrations in the files are applied; seeds do not count."""
        ids = self.position.ids if self.position and not self.wrong else {"applied": ()}
        return bool(ids["applied"]) and not ids["pending"]

    def document(self, **more: Any) -> dict[str, Any]:
        """Return what every answer for machines has of a target, and more."""
        return {
            "target": self.member.name,
            "stage": self.member.stage,
            "version": self.version,
            **more,
            "failure": self.failure.document if self.failure else None,
        }


@dataclass(frozen=True, slots=True)
class Survey:
    """The targets, and where they stand."""

    standpoints: list[Standpoint] = field(default_factory=list)

    @classmethod
    def of(cls, found: Sequence[Standpoint]) -> Survey:
        """Find out which targets are the same database; the first one of them is the right one."""
        first: dict[tuple[str, int], str] = {}
        marked = []
        for each in found:
            name, twin = each.member.name, ""
            if each.position is not None:
                known = first.setdefault((each.position.server, each.position.oid), name)
                twin = known if known != name else ""
            marked.append(replace(each, twin=twin))
        return cls(marked)

    def version_for(self, new: Member) -> str:
        """Return the id of the last migration that all targets of a new one's stage have.

        Raises:
            Refused: The new one cannot be reached, is not empty or is one of the others; or its
                stage is on no version.

        """
        (mine,) = (each for each in self.standpoints if each.member is new)
        if mine.failure:
            raise mine.failure
        twins = {each.member.name: each.twin for each in self.standpoints if each.twin}
        if mine.version != "none" or new.name in {*twins, *twins.values()}:
            raise Refused(
                f"{new.name} is not a new database: it is at {mine.version}, {mine.state}.",
                hint="Name an empty database with --url.",
            )
        others = [each for each in self.standpoints if each.member.stage == new.stage]
        known = [each.position.ids["applied"] for each in others if each.position and each != mine]
        if not known or not (applied := min(known, key=len)):
            raise Refused(
                f"No target of stage {new.stage} is on a version, so none is known for {new.name}.",
                hint="Use `migrate --to ID` on it, and add it to the targets by hand.",
            )
        return applied[-1]

    @property
    def summary(self) -> str:
        """How many are where: `96 at 0032, 3 at 0031, 1 cannot be reached`."""
        versions = Counter(each.version for each in self.standpoints if each.position)
        lost = Counter(each.wrong for each in self.standpoints if not each.position)
        told = [f"{count} at {version}" for version, count in sorted(versions.items())[::-1]]
        return ", ".join([*told, *(f"{count} {words}" for words, count in lost.items())])

    @property
    def document(self) -> dict[str, Any]:
        """The answer for machines."""
        targets = []
        for each in self.standpoints:
            at = each.position
            targets.append(
                each.document(
                    labels=dict(each.member.labels),
                    state=each.state,
                    up_to_date=each.up_to_date,
                    reachable=not each.is_unreachable,
                    **({"last_deploy": at.last_deploy, **at.ids} if at else {}),
                    batches=[
                        {**each.document, "is_running": runs}
                        for each, runs in (at.batches if at else ())
                    ],
                )
            )
        return {"up_to_date": self.up_to_date, "summary": self.summary, "targets": targets}

    @property
    def up_to_date(self) -> bool:
        """Whether all targets are."""
        return all(each.up_to_date for each in self.standpoints)

    def lines(self) -> list[str]:
        """Return the answer as text: a table, what is wrong, how many are where."""
        columns = {
            "LAST DEPLOY": lambda it: it.position.last_deploy if it.position else "",
            "STATE": lambda it: it.state,
        }
        return [*target_table(self.standpoints, columns), self.summary]


def target_table(
    found: Sequence[Standpoint], columns: Mapping[str, Callable[[Standpoint], str]]
) -> list[str]:
    """Return a table of targets, and below it what is wrong with them.

    Args:
        found: The targets.
        columns: Of each column after the name, the stage and the version what is in it.

    """
    rows = [
        (
            each.member.name,
            str(each.member.stage),
            each.version,
            *(f(each) for f in columns.values()),
        )
        for each in found
    ]
    return [*alike(("TARGET", "STAGE", "VERSION", *columns), rows), *failures(found)]


def failures(found: Sequence[Standpoint]) -> list[str]:
    """Return what is wrong with targets: each error once, below the names of its targets."""
    texts: dict[str, list[str]] = {}
    alike_but_for_address = []
    for each in found:
        if each.failure:
            lines = [line for line in each.failure.lines if line != "state: Nothing was changed."]
            texts[each.member.name] = lines
            shown = each.member.target.shown
            same = tuple(line.replace(shown, "the target") for line in lines)
            alike_but_for_address.append((same, each.member.name))
    told = []
    for same, names in grouped(alike_but_for_address).items():
        lines = list(same) if len(names) > 1 else texts[names[0]]
        told += [f"{', '.join(names)}:", *(f"  {line}" for line in lines)]
    return told


def number_of(migration: str) -> str:
    """Return the number of a migration, or its id if it has none."""
    return migration.partition(".")[0]
