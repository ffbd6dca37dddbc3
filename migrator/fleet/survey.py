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
        session, ids = runner.session, runner.state().ids()
        ((system, started, oid),) = session.connection.execute(
            sql("fleet/identity").encode()
        ).fetchall()
        section = runner.additions.status(session)
        last, problem = (section.last, section.problem) if section else ("", "")
        batches = progress.read(session) if ids["interrupted"] else []
        running = [each.id for each in progress.at_work(session)] if batches else []
        told = [(each, each.id in running) for each in batches]
        is_standby = session.facts.is_standby
        return cls(system, started, oid, is_standby, ids, last, problem, told, **came)

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
        """What its server's targets have in common; empty if that is not known."""
        return self.position.server if self.position else ""

    @property
    def version(self) -> str:
        """The number of the last applied migration; empty if that is not known."""
        return self.position.version if self.position else ""

    @property
    def wrong(self) -> str:
        """Why nothing can be done with the target; empty if something can."""
        if not self.position:
            return getattr(self.failure, "why", "cannot be read")
        batched = [each.id for each, _ in self.position.batches]
        ids = {key: [it for it in self.position.ids[key] if it not in batched] for key in _WRONG}
        told = [f"same database as {self.twin}" * bool(self.twin)]
        told += ["not a primary" * self.position.is_standby]
        told += [words + ", ".join(ids[key]) for key, words in _WRONG.items() if ids[key]]
        return "; ".join(filter(None, [*told, self.position.problem]))

    @property
    def is_unfit(self) -> bool:
        """Whether it was reached, and is no target: a standby, or another target's database."""
        return bool(self.twin or (self.position and self.position.is_standby))

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
        if not ids["applied"] and not ids["pending"]:
            return "no migrations"
        names = {"pending": "pending", "pending_seeds": "seeds pending"}
        told = [f"{len(ids[key])} {words}" for key, words in names.items() if ids[key]]
        return told[0] if told else "up to date"

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
            name, at = each.member.name, each.position
            known = first.setdefault((at.server, at.oid), name) if at else name
            marked.append(replace(each, twin=known if known != name else ""))
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
        if not (applied := min(known, key=len, default=())):
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
        targets = [
            each.document(
                labels=dict(each.member.labels),
                state=each.state,
                up_to_date=each.up_to_date,
                reachable=not each.is_unreachable,
                batches=[
                    {**batch.document, "is_running": runs}
                    for batch, runs in getattr(each.position, "batches", ())
                ],
                **({"last_deploy": at.last_deploy, **at.ids} if (at := each.position) else {}),
            )
            for each in self.standpoints
        ]
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
    first = [(each.member.name, str(each.member.stage), each.version) for each in found]
    more = [tuple(cell(each) for cell in columns.values()) for each in found]
    rows = [(*start, *cells) for start, cells in zip(first, more, strict=True)]
    return [*alike(("TARGET", "STAGE", "VERSION", *columns), rows), *failures(found)]


def failures(found: Sequence[Standpoint]) -> list[str]:
    """Return what is wrong with targets: each error once, below the names of its targets."""
    failed = [each for each in found if each.failure]
    lines = {each.member.name: _failure(each) for each in failed}
    alike_but_for_address = ((tuple(_failure(it, "the target")), it.member.name) for it in failed)
    told = []
    for same, names in grouped(alike_but_for_address).items():
        shown = same if len(names) > 1 else lines[names[0]]
        told += [f"{', '.join(names)}:", *(f"  {line}" for line in shown)]
    return told


def _failure(standpoint: Standpoint, called: str = "") -> list[str]:
    """Return the error of a target, in which the target is called so."""
    lines = standpoint.failure.lines if standpoint.failure else []
    shown = standpoint.member.target.shown
    told = [line for line in lines if line != "state: Nothing was changed."]
    return [line.replace(shown, called or shown) for line in told]


def number_of(migration: str) -> str:
    """Return the number of a migration, or its id if it has none."""
    return migration.partition(".")[0]
