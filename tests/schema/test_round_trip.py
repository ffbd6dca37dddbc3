"""Every migration makes the round trip: apply, roll back, apply, with equal catalogues between."""

from __future__ import annotations

import pytest

from migrator.catalogue import objects
from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits
from migrator.core.target import Target
from tests.support.servers import MIGRATIONS

pytestmark = pytest.mark.slow


def _silent(_: object) -> None:
    pass


@pytest.mark.long
def test_every_migration_undoes_exactly_what_it_did(empty_database: str) -> None:
    target = Target.parse(empty_database, "test")
    work = Runner(Project.at(MIGRATIONS, None), target, Limits(), _silent)

    def apply(name: str) -> None:
        work.migrate(to=name, with_seeds=False, dry_run=False)

    connection = work.session.connection
    before = objects.read(connection)
    for migration in work.migrations:
        apply(migration.id)
        after = objects.read(connection)
        assert objects.differences(before, after), f"{migration.id} changes nothing"
        work.rollback(steps=1, to=None, confirm=_silent)
        left = objects.differences(before, objects.read(connection))
        assert left == [], f"{migration.id} leaves something behind"
        apply(migration.id)
        other = objects.differences(after, objects.read(connection))
        assert other == [], f"{migration.id} makes something else the second time"
        before = after
    work.close()


def test_migrate_gives_the_seeds_again_after_a_rollback_of_everything(
    migrated_database: str,
) -> None:
    target = Target.parse(migrated_database, "test")
    work = Runner(Project.at(MIGRATIONS, None), target, Limits(), _silent)

    def rows() -> list[tuple[object, ...]]:
        query = """
            SELECT 'tier', tier_name, monthly_credits::text FROM subscription_tiers
            UNION ALL SELECT 'model', model_name, task_types::text FROM provider_models
            UNION ALL SELECT 'type', type_name, description FROM agent_types ORDER BY 1, 2
        """
        return work.session.connection.execute(query).fetchall()

    seeded = rows()
    work.rollback(steps=None, to=None, confirm=_silent)
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert work.session.connection.execute(tables).fetchone() == (0,)
    work.migrate(to=None, with_seeds=True, dry_run=False)
    assert rows() == seeded
    work.close()
