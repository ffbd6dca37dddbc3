"""examples/sqlalchemy/: the models are those of the catalogue, and an application uses them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import generate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from gestorlead.models import (
    Agent,
    AiProvider,
    ApiKey,
    Base,
    Campaign,
    GeneratedContent,
    Task,
    TaskType,
    UnfinishedTask,
    User,
)
from gestorlead.queue import claim, end
from gestorlead.session import UserSession
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, Engine, MetaData, create_engine, delete, event, exc, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, configure_mappers, sessionmaker

from tests.support import poolers
from tests.support.databases import Connection
from tests.support.servers import NEWEST, ROOT, Server, clean_environment, newest
from tests.support.sites import Site

OLDER = "sqlalchemy==2.0.58"  # beside the one of requirements-dev.txt

# A flow is what an application does in sessions that it opens, for a user or for none.
Opens = Callable[..., Session]
Flow = Callable[[Opens], None]


def url(conninfo: str, driver: str = "psycopg", **parts: str) -> URL:
    given = {name: str(value) for name, value in conninfo_to_dict(conninfo).items()} | parts
    return URL.create(
        f"postgresql+{driver}",
        username=given["user"],
        host=given["host"],
        port=int(given["port"]),
        database=given["dbname"],
    )


@pytest.fixture
def engine(migrated: Connection) -> Iterator[Engine]:
    """An engine on the database that tests share, for reading its catalogue."""
    made = create_engine(url(migrated.info.dsn))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield made
        made.dispose()


def differences(engine: Engine, metadata: MetaData = Base.metadata) -> list[Any]:
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        found: list[Any] = compare_metadata(context, metadata)
    return found


def test_the_models_are_those_of_the_catalogue(migrated: Connection) -> None:
    written = generate.MODELS.read_text(encoding="utf-8")
    assert generate.models(migrated.info.dsn) == written, "run `make schema`"


def test_alembic_finds_no_difference_and_nothing_is_excluded(engine: Engine) -> None:
    configure_mappers()
    assert differences(engine) == []
    assert len(Base.metadata.tables) == 13


def test_alembic_finds_what_a_migration_changes(engine: Engine, migrated_database: str) -> None:
    del engine
    other = create_engine(url(migrated_database))
    with other.begin() as connection:
        for statement in (
            "ALTER TABLE tasks ALTER COLUMN priority SET DEFAULT 'low'",
            "DROP INDEX idx_tasks_queue",
            "ALTER TABLE users ALTER COLUMN avatar_url TYPE text",
            "ALTER TABLE tasks ADD COLUMN note text",
        ):
            connection.exec_driver_sql(statement)
    found = differences(other)
    other.dispose()
    assert "class UnfinishedTask" in generate.models(migrated_database)
    kinds = sorted(each[0] if isinstance(each, tuple) else each[0][0] for each in found)
    assert kinds == ["add_index", "modify_default", "modify_type", "remove_column"]


@pytest.mark.slow
def test_reflection_warns_of_nothing(engine: Engine) -> None:
    reflected = MetaData()
    reflected.reflect(engine, views=True)
    assert {*Base.metadata.tables, UnfinishedTask.__tablename__} <= {*reflected.tables}
    assert differences(engine, _tables_of(reflected)) == []


def _tables_of(reflected: MetaData) -> MetaData:
    for name in {*reflected.tables} - {*Base.metadata.tables}:
        reflected.remove(reflected.tables[name])  # views, which Alembic takes for tables
    return reflected


def sign_up(opens: Opens, email: str) -> int:
    with opens() as session, session.begin():
        return int(session.scalars(select(func.sign_up(email))).one())


@contextmanager
def writes(session: Session) -> Iterator[list[str]]:
    """Collect the statements that a session sends, but for what it asks."""
    sent: list[str] = []
    bind = session.get_bind()

    def keep(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.startswith("SELECT"):
            sent.append(statement)

    event.listen(bind, "before_cursor_execute", keep)
    yield sent
    event.remove(bind, "before_cursor_execute", keep)


def live(opens: Opens) -> None:
    """Do all that an application does, from sign-up to the end of an account."""
    ana = sign_up(opens, "ana@example.com")
    task_id, campaign_id = begin(opens, ana)
    work(opens, ana, task_id)
    delete_campaign(opens, ana, campaign_id)
    delete_user(opens, ana)


def begin(opens: Opens, ana: int) -> tuple[uuid.UUID, uuid.UUID]:
    with opens(user_id=ana) as session, session.begin():
        user = session.get_one(User, ana)
        assert (user.credit_balance, user.is_active, user.preferences) == (0, True, None)
        before = user.updated_at
        user.full_name, user.preferences = "Ana", None
        session.flush()
        assert user.updated_at > before
        assert session.scalars(select(User).where(User.preferences.is_(None))).all() == [user]
        blog = session.scalars(select(TaskType).filter_by(type_name="blog_writing")).one()
        openai = session.scalars(select(AiProvider).filter_by(provider_name="openai")).one()
        campaign = Campaign(user=user, name="Natal", channels=["email"], objectives={"goal": 1})
        agent = Agent(
            user=user,
            name="Redatora",
            agent_type="workflow",
            configuration={"model": "gpt-4o"},
            workflow_definition={"nodes": [{}], "edges": []},
        )
        task = Task(
            user=user,
            campaign=campaign,
            task_type=blog,
            status="queued",
            credit_cost=3,
            request_payload={"prompt": "Olá"},
        )
        session.add_all([campaign, agent, task])
        session.flush()
        assert (task.priority, agent.version, campaign.status) == ("medium", "1.0.0", "draft")
        assert isinstance(task.id, uuid.UUID)
        assert task.user_id == ana
        key = ApiKey(
            user=user,
            provider=openai,
            key_name="mine",
            encrypted_key="v1:9sQ2",
            key_hash="a" * 64,
        )
        session.add(key)
        return task.id, campaign.id


def work(opens: Opens, ana: int, task_id: uuid.UUID) -> None:
    with opens(user_id=ana) as session, session.begin():
        (waiting,) = session.scalars(select(UnfinishedTask))
        assert (waiting.id, waiting.priority_order) == (task_id, 3)
    with opens(role="worker") as session, session.begin():
        (claimed,) = claim(session, 10)
        assert (claimed.id, claimed.status) == (task_id, "processing")
        assert claim(session, 10) == []
    with opens(role="worker") as session, session.begin():
        done = end(session, task_id, "completed", result_payload={"text": "Olá!"})
        assert done is not None
        assert done.completed_at is not None
        assert end(session, task_id, "failed", error_message="too late") is None
        content = GeneratedContent(user_id=ana, content_type="text", content_text="Olá!")
        content.task = done
        session.add(content)
        session.flush()
        assert content.task_id == task_id
        assert done.generated_content is content


def delete_campaign(opens: Opens, ana: int, campaign_id: uuid.UUID) -> None:
    with opens(user_id=ana) as session, session.begin():
        campaign = session.get_one(Campaign, campaign_id)
        (task,) = campaign.tasks
        with writes(session) as sent:
            session.delete(campaign)
            session.flush()
        assert [each.split()[0] for each in sent] == ["DELETE"]
        session.refresh(task)
        assert (task.campaign, task.user_id) == (None, ana)
        task.campaign = Campaign(user_id=ana, name="B", channels=["sms"], objectives={"a": 1})
        session.flush()
        task.campaign = None
        session.flush()
        assert (task.campaign_id, task.user_id) == (None, ana)


def delete_user(opens: Opens, ana: int) -> None:
    with opens(user_id=ana) as session, session.begin():
        user = session.get_one(User, ana)
        assert len(user.tasks) == len(user.api_keys) == len(user.generated_content) == 1
        with writes(session) as sent:
            session.delete(user)
            session.flush()
        assert [each.split()[0] for each in sent] == ["DELETE"]
        session.expire_all()
        for model in (Campaign, Agent, Task, ApiKey, GeneratedContent):
            assert session.scalars(select(model)).all() == []


def cross(opens: Opens) -> None:
    """Try to file one user's task under another's campaign, and content under another's task."""
    ana, bob = (sign_up(opens, f"{name}@example.com") for name in ("ana", "bob"))
    with opens(user_id=ana) as session, session.begin():
        campaign = Campaign(user_id=ana, name="A", channels=["sms"], objectives={"a": 1})
        task = Task(user_id=ana, credit_cost=1, request_payload={"a": 1})
        session.add_all([campaign, task])
        session.flush()
        hers, task_id = campaign.id, task.id
    for stolen, rule in (
        (Task(credit_cost=1, request_payload={"a": 1}, campaign_id=hers), "fk_tasks_campaign_id"),
        (
            GeneratedContent(task_id=task_id, content_type="text", content_text="a"),
            "fk_generated_content_task_id",
        ),
    ):
        with opens(user_id=bob) as session:
            stolen.user_id = bob
            session.add(stolen)
            with pytest.raises(exc.IntegrityError, match=rule):
                session.commit()
    for user_id in (ana, bob):
        with opens(user_id=user_id) as session, session.begin():
            session.execute(delete(User).where(User.id == user_id))


def alone(opens: Opens) -> None:
    """See nothing of anybody else, and without a user nothing at all."""
    ana, bob = (sign_up(opens, f"{name}@example.com") for name in ("eva", "leo"))
    for user_id, found in ((ana, [ana]), (bob, [bob]), (None, [])):
        with opens(user_id=user_id) as session:
            for _ in range(2):  # a user is named in each transaction
                assert session.scalars(select(User.id)).all() == found
                session.commit()


def acting_as(engine: Engine, role: str | None) -> None:
    """Let each connection of an engine act as a role."""
    if role:

        @event.listens_for(engine, "connect")
        def _act(connection: Any, _: object) -> None:
            connection.cursor().execute(f'SET ROLE "{role}"')
            connection.commit()


def named(opens: Opens) -> None:
    """Take turns on the one connection that the pooler has."""
    asks = select(func.current_setting("app.user_id", True))
    for number in [7, None, 8] * 8:  # often enough for a driver to prepare what it sends
        with opens(user_id=number) as session, session.begin():
            assert session.scalars(asks).one() in (str(number or ""), number)


def sync(where: URL, roles: Mapping[str, str | None], flows: Iterable[Flow]) -> None:
    engines = {name: create_engine(where) for name in roles}
    for name, engine in engines.items():
        acting_as(engine, roles[name])

    def opens(role: str = "app", **how: Any) -> Session:
        return sessionmaker(engines[role], class_=UserSession)(**how)

    for flow in flows:
        flow(opens)
    for engine in engines.values():
        engine.dispose()


def with_asyncio(where: URL, roles: Mapping[str, str | None], flows: Iterable[Flow]) -> None:
    async def run() -> None:
        engines = {name: create_async_engine(where) for name in roles}
        for name, engine in engines.items():
            acting_as(engine.sync_engine, roles[name])

        def opens(role: str = "app", **how: Any) -> Session:
            made = async_sessionmaker(engines[role], sync_session_class=UserSession)
            return made(**how).sync_session

        async with AsyncSession() as greenlet:
            await greenlet.run_sync(lambda _: [flow(opens) for flow in flows])
        for engine in engines.values():
            await engine.dispose()

    asyncio.run(run())


DRIVERS = {"psycopg": sync, "asyncpg": with_asyncio}


@pytest.fixture
def strict() -> Iterator[None]:
    """No warning of SQLAlchemy is passed over."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", exc.SAWarning)
        warnings.simplefilter("error", exc.SADeprecationWarning)
        yield


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("driver", DRIVERS)
def test_an_application_lives_with_the_models(migrated_database: str, driver: str) -> None:
    everybody = {"app": None, "worker": None}
    DRIVERS[driver](url(migrated_database, driver), everybody, [live, cross])


@pytest.mark.slow
@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("driver", DRIVERS)
def test_it_lives_so_with_row_security(bare: Site, driver: str) -> None:
    server = bare.server
    bare.psql("roles", "owner", "grants", "row_security", user=server.user)
    roles = {name: bare.prefix + name for name in ("app", "worker")}
    where = url(bare.database, driver, user=server.user)
    DRIVERS[driver](where, roles, [live, cross, alone])


@pytest.mark.slow
@newest
@pytest.mark.skipif(poolers.program() is None, reason="no PgBouncer here: install pgbouncer")
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_session_names_its_user_behind_a_transaction_pooler(
    pg: Server, migrated_database: str, driver: str
) -> None:
    with poolers.pooler(pg, "transaction") as pooler:
        where = url(pooler.through(migrated_database), driver)
        DRIVERS[driver](where, {"app": None}, [named])


def test_what_the_server_gave_is_there_without_asking_again(migrated_database: str) -> None:
    """With asyncio, asking again would be an error."""

    async def run() -> None:
        engine = create_async_engine(url(migrated_database, "asyncpg"))
        async with async_sessionmaker(engine)() as session:
            user = User(email="ana@example.com")
            session.add(user)
            await session.flush()
            task = Task(user_id=user.id, credit_cost=1, request_payload={"a": 1}, status="queued")
            session.add(task)
            await session.flush()
            given = task.updated_at
            assert (task.priority, task.retry_count) == ("medium", 0)
            (claimed,) = await session.run_sync(claim, 10)
            assert claimed is task
            assert task.status == "processing"
            task.error_code = "again"
            await session.flush()
            assert task.updated_at > given
        await engine.dispose()

    asyncio.run(run())


@pytest.mark.slow
@newest
@pytest.mark.long
def test_all_of_it_holds_with_the_older_sqlalchemy(pg: Server, tmp_path: Path) -> None:
    del pg
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    done = subprocess.run(
        [*install, "--target", str(tmp_path), OLDER], capture_output=True, check=False, text=True
    )
    if done.returncode:
        pytest.skip(f"{OLDER} cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    environment = clean_environment() | {"PYTHONPATH": str(tmp_path)}
    asked = [sys.executable, "-c", "import sqlalchemy; print(sqlalchemy.__version__)"]
    assert subprocess.check_output(asked, env=environment, text=True).strip() in OLDER
    here = str(Path(__file__).relative_to(ROOT))
    others = ["-m", f"pg{NEWEST}", "-k", "not older"]
    tests = [sys.executable, "-m", "pytest", "-n0", "-q", here, *others]
    done = subprocess.run(
        tests, capture_output=True, check=False, cwd=ROOT, env=environment, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
