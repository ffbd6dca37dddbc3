"""Physical replicas: what docs/scale-out.md sends there runs there, and what writes fails there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch

import psycopg
import pytest

from bench import generated, measure, queries
from tests.support.databases import rows
from tests.support.servers import ROOT, Server
from tests.support.standbys import followed, following

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "scale-out.md"
TASKS = 200
# What writes: a claim, and a sign-up.
WRITES = {"worker_claim_tasks"}
SIGN_UP = "SELECT sign_up('a@example.com', NULL, NULL, NULL, NULL, NULL)"


@pytest.fixture(scope="module")
def standby(pg: Server) -> Iterator[Server]:
    """A server that follows another by streaming replication."""
    with following(pg) as server:
        yield server


def may_go_there() -> dict[str, bool]:
    """Return for each query whether the page sends it to a replica."""
    _, _, section = PAGE.read_text(encoding="utf-8").partition("\n## Replicas\n")
    found: dict[str, list[bool]] = {each.name: [] for each in queries.read_all()}
    for patterns, answer in re.findall(r"^\| (`.*?) \| (yes|no)\b", section, re.MULTILINE):
        for name, answers in found.items():
            matching = [each for each in re.findall(r"`(.*?)`", patterns) if fnmatch(name, each)]
            answers.extend([answer == "yes"] * len(matching))
    assert [name for name, answers in found.items() if len(answers) != 1] == [], "a row for each"
    return {name: answers[0] for name, answers in found.items()}


def test_what_is_sent_to_a_replica_runs_there(
    pg: Server, standby: Server, migrated_database: str
) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as primary:
        generated.fill(primary, TASKS)
        draws = generated.parameters(primary, TASKS, 20)
    sent = may_go_there()
    assert not {name for name, is_sent in sent.items() if is_sent} & WRITES
    functions = "SELECT proname::text FROM pg_proc WHERE prosecdef AND proretset"
    secured = {name for (name,) in rows(migrated_database, functions)}
    failed = set()
    there = followed(pg, standby, migrated_database)
    with psycopg.connect(there, autocommit=True, prepare_threshold=None) as replica:
        for query in queries.read_all():
            draw, *_ = measure.asked(query, draws)
            for each in [query] + [query.by_function] * (query.name in secured):
                each.prepare(replica)
                try:
                    with replica.transaction():
                        replica.execute("SELECT set_config('app.user_id', '1', TRUE)")
                        replica.execute(each.execute(draw))
                except psycopg.errors.ReadOnlySqlTransaction:
                    failed.add(query.name)
                replica.execute("DEALLOCATE ALL")
        assert failed == WRITES
        for view in ("index_usage_stats", "slow_queries_analysis", "unfinished_tasks"):
            replica.execute(f"SELECT * FROM {view}".encode())
        for statement in (SIGN_UP, "SELECT FROM tasks LIMIT 1 FOR UPDATE SKIP LOCKED"):
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                replica.execute(statement.encode())


def test_the_lag_that_the_page_shows_is_there(pg: Server, standby: Server) -> None:
    asked = re.findall(r"^SELECT[^;]*replay[^;]*;", PAGE.read_text(encoding="utf-8"), re.M)
    on_primary, on_replica = asked
    ((name, state, late, lag),) = rows(pg.dsn("postgres", pg.user), on_primary)
    assert (name, state) == ("walreceiver", "streaming")
    assert late >= 0
    assert lag is None or lag.total_seconds() < 60
    followed(pg, standby, "dbname=postgres")
    ((age,),) = rows(standby.dsn("postgres", standby.user), on_replica)
    assert age.total_seconds() == 0
