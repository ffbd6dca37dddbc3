"""Rows for any schema: valid today and once pending migrations are applied, and varied.

FUZZ=2000 in the environment tries so many schemas, others on every run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from migrator.catalogue import objects
from migrator.catalogue.objects import Object
from migrator.core.project import Project
from migrator.core.runner import Runner
from migrator.core.session import Limits
from migrator.core.target import Target
from migrator.rows import shapes
from migrator.rows.demands import Demands, demands
from migrator.rows.filler import Filler
from migrator.server.cluster import SUPERUSER
from tests.support.databases import Connection
from tests.support.servers import MIGRATIONS, ROOT, newest

CHECKS = sorted((ROOT / "sql" / "checks").glob("*.sql"))
FUZZ = int(os.environ.get("FUZZ") or 0)

# What rows are asked of


@contextmanager
def connected(conninfo: str, user: str = SUPERUSER) -> Iterator[Connection]:
    with psycopg.connect(make_conninfo(conninfo, user=user), autocommit=True) as connection:
        yield connection


def counts(connection: Connection, wanted: Demands) -> dict[str, int]:
    """Return how many rows each table has that holds rows."""
    names = [name for name, table in wanted.tables.items() if not table.is_partitioned]
    query = " UNION ALL ".join(f"SELECT count(*) FROM ONLY {name}" for name in names)
    return dict(
        zip(names, (n for (n,) in connection.execute(query.encode()).fetchall()), strict=True)
    )


def orphans(connection: Connection, wanted: Demands) -> list[str]:
    """Return the references that do not hold; no trigger has checked them."""
    found = []
    for name, table in wanted.tables.items():
        for reference in table.references:
            pairs = zip(reference.columns, reference.referenced, strict=True)
            same = " AND ".join(f'p."{there}" = t."{here}"' for here, there in pairs)
            present = " AND ".join(f't."{each}" IS NOT NULL' for each in reference.columns)
            whole = wanted.tables[reference.table].is_partitioned
            parent = f"{'' if whole else 'ONLY'} {reference.table} AS p WHERE {same}"
            lost = f"{present} AND NOT EXISTS (SELECT FROM {parent})"
            query = f"SELECT FROM ONLY {name} AS t WHERE {lost}"
            if reference.is_full:
                parts = ", ".join(f't."{each}"' for each in reference.columns)
                query += f" UNION ALL SELECT FROM {name} AS t WHERE num_nulls({parts}) = 1"
            if not table.is_partitioned and connection.execute(query.encode()).fetchall():
                found.append(f"{name} -> {reference.table}")
    return found


def definitions(connection: Connection) -> dict[str, Object]:
    """Return everything that a database is but for its rows."""
    return objects.read(connection).objects


def column(connection: Connection, query: str) -> list[Any]:
    return [value for (value,) in connection.execute(query.encode()).fetchall()]


def share_of_null(connection: Connection, table: str, name: str) -> float:
    (share,) = column(connection, f"SELECT avg(({name} IS NULL)::integer)::float FROM {table}")
    return float(share)


def fill(
    connection: Connection, size: int | Mapping[str, int], later: Demands | None = None, **kw: Any
) -> dict[str, str]:
    wanted = demands(connection)
    if later is not None:
        wanted = wanted.with_later(later)
    sizes = dict.fromkeys(wanted.tables, size) if isinstance(size, int) else size
    return Filler(connection, wanted, **kw).fill(sizes)


# The project's own tables


def fill_own(connection: Connection, size: int) -> dict[str, str]:
    """Fill the project's tables, then correct what no constraint tells, as a review does."""
    reasons = fill(connection, size)
    for path in sorted((ROOT / "sql" / "fill").glob("*.sql")):
        connection.execute(path.read_bytes())
    return reasons


@pytest.mark.slow
def test_the_own_tables_are_filled_and_keep_every_rule(migrated_database: str) -> None:
    with connected(migrated_database) as connection:
        wanted = demands(connection)
        before = definitions(connection)
        assert fill_own(connection, 2_000) == {}
        assert set(counts(connection, wanted).values()) == {2_000}
        assert len(wanted.tables) == 13
        assert orphans(connection, wanted) == []
        broken = {path.stem: connection.execute(path.read_bytes()).fetchall() for path in CHECKS}
        assert {name: rows for name, rows in broken.items() if rows} == {}
        assert definitions(connection) == before
        varied = "SELECT count(DISTINCT {}) FROM tasks"
        for name in ("created_at", "user_id", "credit_cost", "campaign_id"):
            assert column(connection, varied.format(name))[0] > 100
        assert column(connection, varied.format("status")) == [8]
        assert 0.15 < share_of_null(connection, "tasks", "campaign_id") < 0.35
        assert 0.15 < share_of_null(connection, "users", "full_name") < 0.35
        # What no trigger has seen passes them all the same.
        connection.execute("UPDATE provider_models SET task_types = task_types || '[]'")
        connection.execute("UPDATE tasks SET priority = 'low'")


@pytest.mark.slow
def test_the_own_tables_are_filled_without_seeds_by_a_plain_owner(empty_database: str) -> None:
    work = Runner(
        Project.at(MIGRATIONS, None), Target.parse(empty_database, "test"), Limits(), lambda _: None
    )
    with work.session.connection:
        work.migrate(to="0023.generated_content.create", with_seeds=False, dry_run=False)
    with connected(empty_database, "owner") as connection:
        wanted = demands(connection)
        assert fill_own(connection, 400) == {}
        assert set(counts(connection, wanted).values()) == {400}
        assert orphans(connection, wanted) == []
        models = next(path for path in CHECKS if path.stem == "model_task_type_unknown")
        assert connection.execute(models.read_bytes()).fetchall() == []


# Any schema

TORTURE = """
CREATE SCHEMA other;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s fine');
CREATE TYPE pair AS (x integer, y text);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN small_positive AS positive CHECK (VALUE < 100);
CREATE DOMAIN postal AS text CHECK (VALUE ~ '^\\d{5}-\\d{3}$') NOT NULL;
CREATE DOMAIN tags AS text[] CHECK (cardinality(VALUE) <= 3);
CREATE TYPE spans AS RANGE (subtype = numeric);
CREATE FUNCTION is_code(value text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN value ~
    '^[A-Z]{3}-[0-9]{6}$';
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION
    'refused'; END $$;

CREATE TABLE kinds (
    a smallint, b integer, c bigint, d numeric, e numeric(5, 2), f real, g double precision,
    h money,
    i text, j varchar(3), k char(5), l name, m "char", n boolean, o bytea, p uuid, q date,
    r time, s timetz,
    t timestamp, u timestamptz, v interval, w json, x jsonb, y inet, z cidr, aa macaddr,
    ab macaddr8,
    ac bit(5), ad bit varying(7), ae point, af box, ag circle, ah tsvector, ai tsquery, aj xml,
    ak int4range,
    al tstzrange, am nummultirange, an int[], ao text[], ap mood, aq mood[], ar pair,
    au pair[], at small_positive,
    av postal, aw tags, ax spans, ay oid, az pg_lsn, ba regclass, bb line, bc polygon, bd path,
    be lseg, bf datemultirange,
    bg jsonpath, bh timestamptz[], bi numeric(10,3)[]
);
CREATE TABLE kinds_not_null (
    a smallint not null, e numeric(5, 2) not null, h money not null, j varchar(3) not null,
    k char(5) not null, n boolean not null,
    o bytea not null, v interval not null, w json not null, z cidr not null,
    ac bit(5) not null, ad bit varying(7) not null, ae point not null,
    ah tsvector not null, al tstzrange not null, am nummultirange not null,
    an int[] not null, ap mood not null, ar pair not null,
    at small_positive not null, av postal, aw tags not null, ax spans not null,
    bf datemultirange not null, bh timestamptz[] not null
);
CREATE TABLE uniques (
    a smallint UNIQUE, b integer UNIQUE, c bigint UNIQUE, d numeric UNIQUE, e numeric(7,
    2) UNIQUE, f real UNIQUE, g double precision UNIQUE, h money UNIQUE,
    i text UNIQUE, j varchar(8) UNIQUE, k char(5) UNIQUE, l name UNIQUE, o bytea UNIQUE,
    p uuid UNIQUE, q date UNIQUE, r time UNIQUE,
    t timestamp UNIQUE, u timestamptz UNIQUE, v interval UNIQUE, x jsonb UNIQUE, y inet UNIQUE,
    z cidr UNIQUE, aa macaddr UNIQUE, ab macaddr8 UNIQUE,
    ac bit(12) UNIQUE, ad bit varying UNIQUE, ah tsvector UNIQUE, ak int4range UNIQUE,
    al tstzrange UNIQUE, am nummultirange UNIQUE, an int[] UNIQUE, ao text[] UNIQUE,
    ar pair UNIQUE, av postal UNIQUE, ay oid UNIQUE, az pg_lsn UNIQUE
);
CREATE TABLE identities (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    other serial UNIQUE,
    small smallint GENERATED BY DEFAULT AS IDENTITY,
    price integer NOT NULL CHECK (price > 0),
    amount integer NOT NULL CHECK (amount BETWEEN 2 AND 7),
    total integer GENERATED ALWAYS AS (price * amount) STORED CHECK (total < 500),
    slug text GENERATED ALWAYS AS (lower(title)) STORED UNIQUE,
    title text NOT NULL
);
CREATE TABLE ordered (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    starts date NOT NULL, ends date, CHECK (ends > starts),
    low numeric NOT NULL, high numeric NOT NULL, middle numeric,
    CHECK (low < middle AND middle < high),
    status text NOT NULL CHECK (status IN ('new', 'done', 'failed')),
    done_at timestamptz, error text, CHECK ((status = 'done') = (done_at IS NOT NULL)),
    CHECK (CASE status WHEN 'failed' THEN error IS NOT NULL ELSE error IS NULL END),
    created_at timestamptz NOT NULL DEFAULT now(), CHECK (created_at < done_at),
    one int, two int, three int, CONSTRAINT exactly_one CHECK (num_nonnulls(one, two,
    three) = 1),
    data jsonb NOT NULL CHECK (jsonb_typeof(data -> 'items') = 'array' AND data ? 'name'),
    ratio numeric NOT NULL, parts int NOT NULL, CHECK (100 / parts > 3 AND ratio = 1.0 / parts),
    code text CHECK (is_code(code)), even int CHECK (even % 2 = 0)
);
CREATE TABLE keys (
    id integer PRIMARY KEY,
    code text NOT NULL, is_current boolean NOT NULL,
    email text NOT NULL, kind text NOT NULL CHECK (kind IN ('a', 'b', 'c')),
    n integer NOT NULL CHECK (n BETWEEN 1 AND 50),
    during tstzrange NOT NULL, room integer NOT NULL CHECK (room < 5),
    from_at timestamptz NOT NULL, to_at timestamptz NOT NULL CHECK (to_at > from_at),
    day timestamptz NOT NULL, doc jsonb NOT NULL,
    sku text NOT NULL UNIQUE CHECK (sku ~ '^[A-Z]{2}[0-9]{4}$'),
    UNIQUE (kind, n, code)
);
CREATE UNIQUE INDEX ON keys (code) WHERE is_current;
CREATE UNIQUE INDEX ON keys (lower(email));
CREATE UNIQUE INDEX ON keys (((doc ->> 'ref')));
CREATE UNIQUE INDEX ON keys (date_trunc('day', day AT TIME ZONE 'UTC'));
ALTER TABLE keys ADD EXCLUDE USING gist (room WITH =, during WITH &&);
ALTER TABLE keys ADD EXCLUDE USING gist (room WITH =, tstzrange(from_at, to_at) WITH &&);
CREATE TABLE tenants (id integer PRIMARY KEY, name text NOT NULL, region text NOT NULL);
CREATE TABLE projects (tenant_id integer NOT NULL REFERENCES tenants, id uuid NOT NULL,
    title text, PRIMARY KEY (tenant_id, id));
CREATE TABLE members (tenant_id integer NOT NULL REFERENCES tenants, id bigint NOT NULL,
    nick varchar(12) NOT NULL, UNIQUE (tenant_id, id), UNIQUE (tenant_id, nick));
CREATE TABLE project_members (
    tenant_id integer NOT NULL, project_id uuid NOT NULL, member_id bigint NOT NULL,
    role text NOT NULL,
    PRIMARY KEY (project_id, member_id),
    FOREIGN KEY (tenant_id, project_id) REFERENCES projects, FOREIGN KEY (tenant_id,
    member_id) REFERENCES members (tenant_id, id)
);
CREATE TABLE follows (a_id integer NOT NULL REFERENCES tenants,
    b_id integer NOT NULL REFERENCES tenants, PRIMARY KEY (a_id, b_id), CHECK (a_id <> b_id));
CREATE TABLE settings (tenant_id integer PRIMARY KEY REFERENCES tenants, theme mood);
CREATE TABLE per_tenant (tenant_id integer NOT NULL REFERENCES tenants, kind mood NOT NULL,
    PRIMARY KEY (tenant_id, kind));
CREATE TABLE nodes (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent_id integer REFERENCES nodes,
    root_id integer NOT NULL REFERENCES nodes,
    CHECK (parent_id <> id)
);
CREATE TABLE chickens (id integer PRIMARY KEY, egg_id integer);
CREATE TABLE eggs (id integer PRIMARY KEY, chicken_id integer NOT NULL REFERENCES chickens);
ALTER TABLE chickens ADD FOREIGN KEY (egg_id) REFERENCES eggs;
CREATE TABLE arcs (
    id bigserial PRIMARY KEY, tenant_id integer REFERENCES tenants,
    node_id integer REFERENCES nodes, egg_id integer REFERENCES eggs,
    kind text NOT NULL,
    CHECK ((kind = 'tenant') = (tenant_id IS NOT NULL)),
    CHECK ((kind = 'node') = (node_id IS NOT NULL)),
    CHECK ((kind = 'egg') = (egg_id IS NOT NULL)),
    CHECK (kind IN ('tenant', 'node', 'egg'))
);
CREATE TABLE listed (id integer NOT NULL, region text NOT NULL, note text, PRIMARY KEY (id,
    region)) PARTITION BY LIST (region);
CREATE TABLE listed_a PARTITION OF listed FOR VALUES IN ('eu', 'us');
CREATE TABLE listed_b PARTITION OF listed FOR VALUES IN ('br');
CREATE TABLE listed_rest PARTITION OF listed DEFAULT;
CREATE TABLE ranged (id bigint NOT NULL, at timestamptz NOT NULL,
    tenant_id integer REFERENCES tenants, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE ranged_old PARTITION OF ranged FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE ranged_new PARTITION OF ranged FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
    PARTITION BY HASH (id);
CREATE TABLE ranged_new_0 PARTITION OF ranged_new FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE ranged_new_1 PARTITION OF ranged_new FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE numbered (id integer PRIMARY KEY, x text) PARTITION BY RANGE (id);
CREATE TABLE numbered_0 PARTITION OF numbered FOR VALUES FROM (0) TO (1000);
CREATE TABLE numbered_1 PARTITION OF numbered FOR VALUES FROM (1000) TO (MAXVALUE);
CREATE TABLE of_partitioned (id integer PRIMARY KEY, listed_id integer NOT NULL,
    region text NOT NULL, FOREIGN KEY (listed_id, region) REFERENCES listed);
CREATE TABLE guarded (id integer PRIMARY KEY, v text);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; ALTER TABLE guarded FORCE ROW LEVEL SECURITY;
CREATE TABLE triggered (id integer PRIMARY KEY, v text);
CREATE TRIGGER t1 BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER t2 BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER t3 BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER t4 AFTER INSERT ON triggered FOR EACH STATEMENT EXECUTE FUNCTION refuse();
ALTER TABLE triggered ENABLE ALWAYS TRIGGER t1; ALTER TABLE triggered ENABLE REPLICA TRIGGER
    t2; ALTER TABLE triggered DISABLE TRIGGER t4;
CREATE RULE r AS ON INSERT TO triggered DO INSTEAD NOTHING;
CREATE TABLE other."Odd ""name"" " ("Id" integer PRIMARY KEY, "values" text, n int,
    "select" text, "a b" text UNIQUE, i integer, s text, CHECK ("Id" > 0 AND n < i));
CREATE TABLE empty_table ();
CREATE TABLE strict (id integer UNIQUE NULLS NOT DISTINCT, a integer, b mood,
    UNIQUE NULLS NOT DISTINCT (a, b));
CREATE TABLE base (id integer PRIMARY KEY, v text);
CREATE TABLE derived (w text NOT NULL) INHERITS (base);
CREATE TABLE of_base (id integer PRIMARY KEY, base_id integer NOT NULL REFERENCES base);
CREATE TABLE deferred (id integer PRIMARY KEY, u text UNIQUE DEFERRABLE INITIALLY DEFERRED,
    base_id integer REFERENCES base DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE few (kind mood PRIMARY KEY, flag boolean UNIQUE);
CREATE TABLE of_full (
    id integer PRIMARY KEY, tenant integer, member bigint,
    FOREIGN KEY (tenant, member) REFERENCES members (tenant_id, id) MATCH FULL
);
CREATE TABLE computed (
    id integer PRIMARY KEY, doubled integer GENERATED ALWAYS AS (id * 2) STORED REFERENCES tenants
);
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM tenants;
CREATE MATERIALIZED VIEW unpopulated AS SELECT count(*) AS n FROM tenants WITH NO DATA;
"""
# Those of whose rows there cannot be so many, on any version.
FEW = {"few", "computed"}


@pytest.mark.slow
@pytest.mark.parametrize("user", [SUPERUSER, "owner"])
def test_a_schema_of_everything_is_filled_and_stays_as_it_is(
    empty_database: str, user: str
) -> None:
    with connected(empty_database) as connection:
        connection.execute("CREATE EXTENSION btree_gist")
    with connected(empty_database, user) as connection:
        connection.execute(TORTURE.encode())
        before = definitions(connection)
        wanted = demands(connection)
        reasons = fill(connection, 200)
        assert reasons.keys() == FEW
        after = definitions(connection)
    with connected(empty_database) as connection:
        found = counts(connection, wanted)
        assert {name: n for name, n in found.items() if n != 200 and name not in FEW} == {}
        assert orphans(connection, wanted) == []
        assert after == before
        assert column(connection, "SELECT n FROM counted") == [200]
        enabled = "SELECT tgenabled FROM pg_trigger WHERE tgname ~ '^t[1-4]$' ORDER BY tgname"
        assert column(connection, enabled) == ["A", "R", "O", "D"]
        connection.execute("INSERT INTO identities (price, amount, title) VALUES (3, 4, 'New')")
        arcs = "SELECT kind, count(*) FROM arcs GROUP BY kind ORDER BY kind"
        assert len(connection.execute(arcs.encode()).fetchall()) == 3


@newest
@pytest.mark.slow
def test_tables_that_have_rows_grow(empty_database: str) -> None:
    with connected(empty_database) as connection:
        connection.execute("CREATE EXTENSION btree_gist")
        connection.execute(TORTURE.encode())
        connection.execute("INSERT INTO tenants VALUES (7, 'Own', 'south'), (100000, 'Far', 'x')")
        connection.execute("INSERT INTO uniques (i, b, av) VALUES ('value_5', 5, '00000-007')")
        wanted = demands(connection)
        fill(connection, 60)
        reasons = fill(connection, 150)
        assert reasons.keys() == FEW
        found = counts(connection, wanted)
        assert {name: n for name, n in found.items() if n != 150 and name not in FEW} == {}
        assert orphans(connection, wanted) == []
        own = "SELECT name FROM tenants WHERE id IN (7, 100000) ORDER BY id"
        assert column(connection, own) == ["Own", "Far"]


def test_a_partitioned_table_shares_its_rows_out(empty_database: str) -> None:
    with connected(empty_database) as connection:
        connection.execute(
            b"""
            CREATE TABLE r (id bigint, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
            CREATE TABLE r_a PARTITION OF r FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
            PARTITION BY HASH (id);
            CREATE TABLE r_a0 PARTITION OF r_a FOR VALUES WITH (MODULUS 3, REMAINDER 0);
            CREATE TABLE r_a1 PARTITION OF r_a FOR VALUES WITH (MODULUS 3, REMAINDER 1);
            CREATE TABLE r_b PARTITION OF r DEFAULT;
            CREATE TABLE s (id int) PARTITION BY LIST (id)
            """
        )
        assert fill(connection, {"r": 300, "r_b": 10, "s": 5, "nowhere": 5}) == {
            "s": "it has no partitions",
            "nowhere": "it is no table that can be filled",
        }
        assert counts(connection, demands(connection)) == {"r_a0": 100, "r_a1": 100, "r_b": 100}


def test_rows_that_are_there_get_values_in_place_of_null(empty_database: str) -> None:
    with connected(empty_database) as connection:
        connection.execute(
            b"""
            CREATE TABLE hens (id integer PRIMARY KEY, egg_id integer UNIQUE, name text, note text);
            CREATE TABLE eggs (id integer PRIMARY KEY, hen_id integer NOT NULL REFERENCES hens);
            INSERT INTO hens (id, note) SELECT i, 'kept' FROM generate_series(1, 50) AS i
            """
        )
        assert fill(connection, 50) == {}
        connection.execute("ALTER TABLE hens ADD FOREIGN KEY (egg_id) REFERENCES eggs")
        assert share_of_null(connection, "hens", "egg_id") == 1
        assert fill(connection, 50, not_null=[("hens", "egg_id"), ("hens", "name")]) == {}
        assert share_of_null(connection, "hens", "egg_id") == 0
        assert share_of_null(connection, "hens", "name") == 0
        assert column(connection, "SELECT count(*) FROM hens WHERE note = 'kept'") == [50]
        assert orphans(connection, demands(connection)) == []


def test_what_cannot_be_filled_gets_a_reason_and_the_rest_is_filled(empty_database: str) -> None:
    with connected(empty_database) as connection:
        connection.execute(
            b"""
            CREATE TABLE fine (id integer PRIMARY KEY);
            CREATE TABLE never (id integer PRIMARY KEY, a integer, CHECK (id < 0 AND id > 0));
            CREATE TABLE odd (a integer NOT NULL, b integer NOT NULL, CHECK (a > b AND b > a));
            CREATE TABLE child (id integer PRIMARY KEY, never_id integer NOT NULL REFERENCES never);
            CREATE TABLE cousin (id integer PRIMARY KEY, never_id integer REFERENCES never);
            CREATE TABLE flags (flag boolean NOT NULL UNIQUE, id integer);
            CREATE TABLE digits (digit smallint PRIMARY KEY CHECK (digit BETWEEN 0 AND 9));
            CREATE TABLE codes (code varchar(1) PRIMARY KEY CHECK (code ~ '[a-z]'));
            CREATE FUNCTION broken(a integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
            AS $$ BEGIN RAISE 'no'; END $$;
            CREATE TABLE raising (a integer NOT NULL CHECK (broken(a)))
            """
        )
        reasons = fill(connection, 20)
        assert reasons == {
            "never": "no value is known for id, of type integer",
            "odd": "no values were found for a, b that its checks accept",
            "child": "it refers to never, which has no rows",
            "flags": "only 2 rows are possible: flags_flag_key",
            "digits": "only 10 rows are possible: digits_pkey",
            "raising": reasons.get("raising"),
        }
        found = counts(connection, demands(connection))
        assert found["fine"] == found["cousin"] == found["codes"] == 20
        assert (found["flags"], found["digits"]) == (2, 10)


# What is to come

NOW = """
CREATE TABLE p (id integer PRIMARY KEY, code text NOT NULL, label text);
CREATE TABLE t (
    id integer PRIMARY KEY, quantity text, kind text NOT NULL, ref integer, p_code text,
    email text, amount integer, a integer, b integer, note text, state text NOT NULL, u text,
    short text, price numeric, flag text, at timestamp NOT NULL, missing text, needed text,
    old_name text, room integer NOT NULL, place integer NOT NULL, during tstzrange,
    clash integer CHECK (clash < 10), moved integer, code text UNIQUE CHECK (code ~ '^[A-Z]{4}$')
);
"""
LATER = """
CREATE TYPE state AS ENUM ('open', 'shut');
CREATE DOMAIN mail AS text CHECK (VALUE ~ '^[^@]+@[a-z]+[.]com$');
CREATE FUNCTION fine(t text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN length(t) > 3;
CREATE TABLE q (id integer PRIMARY KEY);
ALTER TABLE p ADD UNIQUE (code);
ALTER TABLE t
ALTER quantity TYPE integer USING quantity::integer, ALTER email TYPE mail,
ALTER state TYPE state USING state::state, ALTER u TYPE uuid USING u::uuid,
ALTER short TYPE varchar(4), ALTER price TYPE integer, ALTER flag TYPE boolean USING flag::boolean,
ALTER at TYPE date;
ALTER TABLE t
ADD CHECK (quantity > 0), ADD CHECK (kind IN ('x', 'y')), ADD CHECK (a < b),
ADD CHECK (amount BETWEEN 10 AND 20), ADD CHECK (fine(note)),
ADD FOREIGN KEY (ref) REFERENCES p, ADD FOREIGN KEY (p_code) REFERENCES p (code),
ADD UNIQUE (email), ADD UNIQUE (u), ADD UNIQUE (room, place),
ADD EXCLUDE USING gist (during WITH &&);
"""
# What made-up rows need not keep: a migration sees to it itself, or nobody can.
AND_MORE = """
ALTER TABLE t
ADD new integer CHECK (new > 5), ADD CHECK (missing IS NOT NULL), ALTER needed SET NOT NULL,
ADD CHECK (clash > 20), ADD CHECK (code ~ '^[0-9]+$');
ALTER TABLE t RENAME old_name TO new_name;
ALTER TABLE t ADD FOREIGN KEY (moved) REFERENCES q;
"""


def test_rows_keep_what_pending_migrations_bring(empty_database: str) -> None:
    with connected(empty_database) as connection:
        connection.execute(f"{NOW}{LATER}{AND_MORE}".encode())
        later = demands(connection)
        connection.execute("DROP TABLE p, q, t; DROP TYPE state; DROP DOMAIN mail CASCADE")
        connection.execute("DROP FUNCTION fine")
        connection.execute(NOW.encode())
        reasons = fill(connection, 500, later, not_null=[("t", "needed")])
        assert reasons == {}
        assert share_of_null(connection, "t", "needed") == 0
        for name in (
            "missing",
            "quantity",
            "ref",
            "p_code",
            "email",
            "during",
            "clash",
            "old_name",
        ):
            assert 0.1 < share_of_null(connection, "t", name) < 0.4, name
        connection.execute(LATER.encode())
        assert orphans(connection, demands(connection)) == []


# Triggers


def test_event_triggers_are_not_in_the_way(empty_database: str) -> None:
    with connected(empty_database) as connection:
        connection.execute(
            b"""
            CREATE TABLE t (id integer PRIMARY KEY, v text);
            CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM t;
            CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql
            AS $$ BEGIN RAISE 'refused'; END $$;
            CREATE EVENT TRIGGER no ON ddl_command_start EXECUTE FUNCTION refuse()
            """
        )
        assert fill(connection, 10) == {}
        assert column(connection, "SELECT n FROM m") == [10]


def test_a_fill_that_fails_leaves_triggers_on(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise psycopg.errors.DiskFull("no space left")

    with connected(empty_database, "owner") as connection:
        connection.execute(
            b"""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN RAISE 'refused'; END $$;
            CREATE TABLE t (id integer PRIMARY KEY);
            CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse()
            """
        )
        monkeypatch.setattr(Filler, "_insert", fail)
        assert fill(connection, 10) == {"t": "no space left"}
        assert column(connection, "SELECT tgenabled FROM pg_trigger WHERE tgname = 'tr'") == ["O"]
        monkeypatch.undo()
        assert fill(connection, 10) == {}
        with pytest.raises(psycopg.errors.RaiseException):
            connection.execute("INSERT INTO t VALUES (100)")
        assert column(connection, "SHOW session_replication_role") == ["origin"]


# Small schemas by chance

KINDS: dict[str, list[str]] = {
    "integer": ["@ > 0", "@ BETWEEN 3 AND 900", "@ % 2 = 0", "@ <> 5"],
    "smallint": ["@ >= -4", "@ IN (1, 2, 3)"],
    "bigint": ["@ > 1000000"],
    "numeric(6, 2)": ["@ > 0 AND @ < 100", "@ >= 0.5"],
    "double precision": ["@ BETWEEN 0 AND 1"],
    "text": [
        "@ IN ('a', 'b', 'it''s')", "length(@) <= 5", "@ ~ '^[A-Z]{2}-[0-9]{3}$'",
        "@ <> ''", "@ = lower(@)", "@ LIKE 'x%'", "@ ~ '^[^-]+-[^-]+$'", "length(@) = 9",
    ],
    "varchar(8)": ["@ !~ ' '"],
    "char(3)": ["@ = upper(@)"],
    "boolean": ["@"],
    "uuid": [],
    "date": ["@ > '2020-02-02'"],
    "timestamptz": ["@ < '2027-01-01'", "@ > '2024-05-05 10:00Z'"],
    "interval": ["@ > '1 hour'"],
    "jsonb": ["jsonb_typeof(@) = 'object'", "@ ? 'k'", "jsonb_array_length(@) > 0"],
    "integer[]": ["cardinality(@) > 0", "@ <> '{}'"],
    "text[]": ["array_position(@, NULL) IS NULL"],
    "bytea": ["octet_length(@) > 1"],
    "inet": ["family(@) = 4"],
    "int4range": ["NOT isempty(@)"],
    "mood": ["@ <> 'sad'"],
    "positive": [],
}  # fmt: skip


@st.composite
def columns(draw: st.DrawFn, name: str) -> str:
    kind = draw(st.sampled_from(sorted(KINDS)))
    text = f"{name} {kind}"
    if draw(st.booleans()):
        text += " NOT NULL"
    rule = draw(st.sampled_from(["", *KINDS[kind]]))
    if rule:
        text += f" CHECK ({rule.replace('@', name)})"
    if kind != "boolean" and draw(st.integers(0, 3)) == 0:
        text += " UNIQUE"
    return text


@st.composite
def schemas(draw: st.DrawFn) -> list[str]:
    made = []
    for number in range(draw(st.integers(1, 3))):
        parts = ["id integer PRIMARY KEY", "x integer", "y integer"]
        parts += [draw(columns(f"c{place}")) for place in range(draw(st.integers(1, 4)))]
        for other in range(number):
            reference = draw(st.sampled_from(["", "NOT NULL", "UNIQUE", "NOT NULL UNIQUE"]))
            parts.append(f"t{other}_id integer {reference} REFERENCES t{other}")
        parts += draw(
            st.lists(
                st.sampled_from(
                    [
                        "CHECK (x < y)", "CHECK ((x IS NULL) = (y IS NULL))", "UNIQUE (x, y)",
                        "CHECK (x > 0 OR y > 0)", "CHECK (c0 IS NOT NULL OR x > 2)",
                        "UNIQUE (c0, x)", "CHECK (x + y < 100)", "UNIQUE NULLS NOT DISTINCT (y)",
                    ]
                ),
                max_size=3,
                unique=True,
            )
        )  # fmt: skip
        made.append(f"CREATE TABLE t{number} ({', '.join(parts)})")
    return made


@pytest.fixture
def scratch(empty_database: str) -> Iterator[Connection]:
    with connected(empty_database) as connection:
        connection.execute("CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')")
        connection.execute("CREATE DOMAIN positive AS integer CHECK (VALUE > 0)")
        yield connection


EXAMPLES = settings(
    deadline=None,
    derandomize=not FUZZ,
    database=None,
    max_examples=FUZZ or 20,
    # Each example drops the last one's tables.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.slow
@given(schemas())
@EXAMPLES
def test_any_small_schema_is_filled(scratch: Connection, schema: list[str]) -> None:
    scratch.execute("DROP TABLE IF EXISTS t0, t1, t2 CASCADE")
    for statement in schema:
        scratch.execute(statement.encode())
    wanted = demands(scratch)
    reasons = fill(scratch, 30)
    found = counts(scratch, wanted)
    assert {name for name, n in found.items() if n != 30} == reasons.keys()
    for name, reason in reasons.items():
        assert re.match("only [1-9][0-9]* rows are possible", reason), reason
        assert "UNIQUE" in schema[int(name[1])]
    assert orphans(scratch, wanted) == []


@newest
@pytest.mark.slow
@given(st.lists(columns("c"), min_size=1, max_size=6))
@EXAMPLES
def test_texts_become_anything_that_a_migration_makes_of_them(
    scratch: Connection, later: list[str]
) -> None:
    names = [f"c{place}" for place in range(len(later))]
    now = f"CREATE TABLE t0 (id integer PRIMARY KEY, {', '.join(f'{n} text' for n in names)})"
    kinds = [
        next(k for k in sorted(KINDS, reverse=True) if each.startswith(f"c {k}")) for each in later
    ]
    changes = [
        f"ALTER {name} TYPE {kind} USING {name}::{kind}"
        for name, kind in zip(names, kinds, strict=True)
    ]
    for name, each in zip(names, later, strict=True):
        if "CHECK" in each:
            rule = re.sub(r"\bc\b", name, each[each.index("CHECK") :].removesuffix(" UNIQUE"))
            changes.append(f"ADD {rule}")
        changes += [f"ADD UNIQUE ({name})"] if each.endswith("UNIQUE") else []
    migration = f"ALTER TABLE t0 {', '.join(changes)}"
    scratch.execute("DROP TABLE IF EXISTS t0, t1, t2 CASCADE")
    scratch.execute(now.encode())
    scratch.execute(migration.encode())
    to_come = demands(scratch)
    scratch.execute("DROP TABLE t0")
    scratch.execute(now.encode())
    assert fill(scratch, 30, to_come) == {}
    scratch.execute(migration.encode())


@pytest.mark.parametrize(
    "regex",
    [
        r"^[A-Z]{2}-[0-9]{4}$",
        r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$",
        r"^(draft|sent|paid)$",
        r"^\$[A-Za-z0-9]+(\$[./+=]*)*\$[a-z]+$",
        r"^[^@ ]+@[^@]+\.[a-z]{2,}$",
        r"^\d{3}\.\d{3}-\d{2}$",
        r"^[[:alpha:]]+$",
        r"^.\w\s?x*$",
        r"(abc",
        r"plain",
    ],
)
def test_strings_are_made_that_a_regular_expression_accepts(regex: str) -> None:
    found = shapes.examples(regex)
    assert bool(found) == (regex not in ("(abc", "plain"))
    for each in found:
        assert re.search(regex.replace("[:alpha:]", "a-zA-Z"), each), each
