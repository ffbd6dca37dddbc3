"""The reading of the catalogue: every kind of object, every property, told by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
import pytest

from migrator.catalogue.objects import Catalogue, differences, read
from migrator.core.errors import Refused
from tests.catalogue.kinds import BEFORE, EXAMPLES, TABLESPACE, Example
from tests.support.databases import Connection, run
from tests.support.servers import Server, throwaway

# Classes of objects that are told as a property of another.
FOLDED = {
    "pg_attrdef": "a default is its column's",
    "pg_auth_members": "a membership is the member's",
}
# Tables of pg_catalog that hold nothing of a schema's.
NO_OBJECTS = {
    "pg_depend": "what follows from the definitions",
    "pg_init_privs": "what extensions grant on their members",
    "pg_largeobject": "rows",
    "pg_replication_origin": "the state of replication",
    "pg_shdepend": "what follows from the definitions",
    "pg_statistic": "what ANALYZE found",
    "pg_statistic_ext_data": "what ANALYZE found",
    "pg_subscription_rel": "the state of replication",
}
# Columns of catalogues that are no property, each with the reason.
STORAGE = "where and how it is stored"
CACHE = "a hint for PostgreSQL itself"
FOLLOWS = "follows from the others"
NO_PROPERTY = {
    "pg_aggregate.aggnumdirectargs": "what it is called says so",
    "pg_amop.amopmethod": FOLLOWS,
    "pg_attribute.attlen": FOLLOWS,
    "pg_attribute.attbyval": FOLLOWS,
    "pg_attribute.attalign": FOLLOWS,
    "pg_attribute.attcacheoff": CACHE,
    "pg_attribute.atthasdef": FOLLOWS,
    "pg_attribute.atthasmissing": STORAGE,
    "pg_attribute.attisdropped": "such a column is gone",
    "pg_attribute.attmissingval": STORAGE,
    "pg_attribute.attndims": "int[] and int[][] are one type",
    "pg_auth_members.grantor": "whose membership it was does not matter",
    "pg_authid.rolpassword": "a secret",
    "pg_class.reltype": FOLLOWS,
    "pg_class.relfilenode": STORAGE,
    "pg_class.relpages": STORAGE,
    "pg_class.reltuples": STORAGE,
    "pg_class.relallvisible": STORAGE,
    "pg_class.relallfrozen": STORAGE,
    "pg_class.reltoastrelid": STORAGE,
    "pg_class.relhasindex": FOLLOWS,
    "pg_class.relkind": "what it is called says so",
    "pg_class.relisshared": "no object of a database",
    "pg_class.relnatts": FOLLOWS,
    "pg_class.relchecks": FOLLOWS,
    "pg_class.relhasrules": FOLLOWS,
    "pg_class.relhastriggers": FOLLOWS,
    "pg_class.relhassubclass": CACHE,
    "pg_class.relispartition": FOLLOWS,
    "pg_class.relrewrite": STORAGE,
    "pg_class.relfrozenxid": STORAGE,
    "pg_class.relminmxid": STORAGE,
    "pg_collation.collencoding": FOLLOWS,
    "pg_collation.collversion": "of the server's libraries",
    "pg_constraint.connamespace": FOLLOWS,
    "pg_constraint.conindid": "which of equal indexes a reference uses",
    "pg_constraint.conparentid": "follows from the partitioned table's",
    "pg_constraint.conpfeqop": FOLLOWS,
    "pg_constraint.conppeqop": FOLLOWS,
    "pg_constraint.conffeqop": FOLLOWS,
    "pg_database.datcollversion": "of the server's libraries",
    "pg_database.dathasloginevt": CACHE,
    "pg_database.datfrozenxid": STORAGE,
    "pg_database.datminmxid": STORAGE,
    "pg_extension.extrelocatable": "follows from its version",
    "pg_extension.extconfig": "follows from its version",
    "pg_extension.extcondition": "follows from its version",
    "pg_index.indrelid": "the table that it is told with",
    "pg_index.indnatts": FOLLOWS,
    "pg_index.indnkeyatts": FOLLOWS,
    "pg_index.indcheckxmin": STORAGE,
    "pg_language.lanispl": FOLLOWS,
    "pg_opclass.opcfamily": FOLLOWS,
    "pg_operator.oprkind": FOLLOWS,
    "pg_partitioned_table.partdefid": "follows from the partition's bound",
    "pg_partitioned_table.partnatts": FOLLOWS,
    "pg_proc.pronargs": FOLLOWS,
    "pg_proc.pronargdefaults": FOLLOWS,
    "pg_proc.probin": "no library can be loaded that does not exist",
    "pg_rewrite.ev_type": FOLLOWS,
    "pg_statistic_ext.stxrelid": "the table that it is told with",
    "pg_subscription.subconninfo": "a secret",
    "pg_subscription.subskiplsn": "the state of replication",
    "pg_trigger.tgconstrindid": FOLLOWS,
    "pg_trigger.tgconstraint": FOLLOWS,
    "pg_trigger.tgisinternal": FOLLOWS,
    "pg_trigger.tgnargs": FOLLOWS,
    "pg_trigger.tgparentid": "follows from the partitioned table's",
    "pg_type.typarray": FOLLOWS,
    "pg_type.typdefaultbin": "typdefault says it in words",
    "pg_type.typisdefined": FOLLOWS,
    "pg_type.typndims": "int[] and int[][] are one type",
    "pg_type.typrelid": FOLLOWS,
    "pg_type.typtype": FOLLOWS,
}


@pytest.fixture
def connection(pg: Server) -> Iterator[Connection]:
    """A superuser's connection, who may change the catalogues themselves, on a server of its own:
    roles, tablespaces and subscriptions outlive a database."""
    with throwaway(pg.bin_dir) as server:
        run(server.dsn("postgres", server.user), "CREATE DATABASE example")
        with psycopg.connect(server.dsn("example", server.user), autocommit=True) as opened:
            opened.execute("SET allow_system_table_mods TO on")
            opened.execute("SET allow_in_place_tablespaces TO on")
            opened.execute("SET check_function_bodies TO off")
            yield opened


class Rows:
    """The rows of the catalogues themselves, of objects that were made since.

    Args:
        connection: A superuser's.

    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        found = connection.execute(CATALOGUES).fetchall()
        self.columns = {
            f"{name}.{column}" for name, columns in found for column in columns
        } - NO_PROPERTY.keys()
        self.names = [name for name, _ in found if name not in NO_OBJECTS]
        self.kinds = {name: kind for name in self.names if (kind := self._kind(name))}
        since = "(SELECT pg_current_xact_id()::text::bigint)"
        ((number,),) = connection.execute(f"SELECT {since}").fetchall()
        self.query = " UNION ALL ".join(
            f"SELECT '{name}', concat({self._key(name)}), to_jsonb(t) FROM {name} AS t "
            f"WHERE xmin::text::bigint >= {number} OR '{name}' = 'pg_database'"
            for name in self.names
        )

    def _kind(self, name: str) -> str:
        """Return what pg_identify_object calls the objects of a catalogue, if it knows them."""
        query = f"SELECT type FROM pg_identify_object('{name}'::regclass, 4294967295, 0)"
        try:
            return str(self.connection.execute(query).fetchall()[0][0])
        except (psycopg.errors.InternalError, psycopg.errors.FeatureNotSupported):
            return ""

    def _key(self, name: str) -> str:
        """Return the expression of what a row is, the same if it is dropped and made anew."""
        if name in self.kinds:
            return f"(pg_identify_object('{name}'::regclass, t.oid, 0)).identity"
        return KEYS[name]

    def read(self) -> dict[tuple[str, str], dict[str, Any]]:
        rows = self.connection.execute(self.query.encode()).fetchall()
        return {(name, key): row for name, key, row in rows}


# Each table of pg_catalog of this database, with the columns that do not say what an object is
# called or part of: the unique indexes do that.
CATALOGUES = """
SELECT c.relname, array_agg(a.attname::text) FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND NOT EXISTS (
    SELECT FROM pg_index AS i
    WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY(i.indkey)
)
GROUP BY c.relname
"""
KEYS = {
    "pg_aggregate": "t.aggfnoid::regprocedure",
    "pg_attribute": "t.attrelid::regclass, '.', t.attname",
    "pg_auth_members": "t.roleid::regrole, ' of ', t.member::regrole",
    "pg_db_role_setting": "t.setdatabase, ' ', t.setrole",
    "pg_description": "(pg_identify_object(t.classoid, t.objoid, t.objsubid)).identity",
    "pg_enum": "t.enumtypid::regtype, ' ', t.oid",
    "pg_foreign_table": "t.ftrelid::regclass",
    "pg_index": "t.indexrelid::regclass",
    "pg_inherits": "t.inhrelid::regclass",
    "pg_largeobject_metadata": "t.oid",
    "pg_partitioned_table": "t.partrelid::regclass",
    "pg_range": "t.rngtypid::regtype",
    "pg_seclabel": "t.classoid, t.objoid",
    "pg_sequence": "t.seqrelid::regclass",
    "pg_shdescription": "t.classoid, ' ', t.objoid",
    "pg_shseclabel": "t.classoid, ' ', t.objoid",
    "pg_ts_config_map": "t.mapcfg::regconfig, t.maptokentype, ' ', t.mapseqno",
}


def execute(connection: Connection, statements: Iterable[str]) -> None:
    locale = "locale = 'de'" if connection.info.server_version >= 170000 else "iculocale = 'de'"
    for statement in statements:
        try:
            connection.execute(statement.replace("{locale}", locale).encode())
        except psycopg.Error as error:
            raise AssertionError(f"{statement}: {error}") from error


def test_every_object_of_every_kind_is_told_by_name_when_it_comes_changes_and_goes(
    pg: Server, connection: Connection
) -> None:
    examples = [each for each in (TABLESPACE, *EXAMPLES) if each.since <= pg.major]
    changes = {
        each: [text for text in each.changes if pg.major >= 18 or "/* since 18 */" not in text]
        for each in examples
    }
    rows = Rows(connection)
    execute(connection, BEFORE)
    empty = read(connection)
    for each in examples:
        execute(connection, each.make)
    full = before = read(connection)
    told = {each.subject.title for each in differences(empty, full) if each.is_unexpected}
    made = full.objects.keys() - empty.objects.keys()
    assert [each.title for each in examples if each.make and each.title not in made] == []
    assert told <= made
    assert_all_kinds(connection, rows, full)

    untold, seen = [], set()
    rows_before = rows.read()
    for number in range(max(map(len, changes.values()))):
        now = {each.title: changes[each][number] for each in examples if changes[each][number:]}
        execute(connection, now.values())
        after, rows_after = read(connection), rows.read()
        found = [each.subject for each in differences(before, after)]
        subjects = {each.title for each in found} | {each.whole for each in found}
        untold += [change for title, change in now.items() if title not in subjects]
        seen |= {
            f"{key[0]}.{column}"
            for key in rows_before.keys() & rows_after.keys()
            for column, value in rows_after[key].items()
            if value != rows_before[key][column]
        }
        before, rows_before = after, rows_after
    assert not untold, "changes that are not told:\n" + "\n".join(untold)
    unseen = sorted(each for each in rows.columns - seen if each.split(".")[0] not in NO_OBJECTS)
    assert not unseen, "columns of catalogues that no example changes:\n" + "\n".join(unseen)

    for each in [*examples[1:], examples[0]]:
        execute(connection, each.drop)
    gone = read(connection)
    lost = {each.subject.title for each in differences(before, gone) if each.is_missing}
    kept = [each.title for each in examples if each.make and not {each.title, _whole(each)} & lost]
    assert not kept, "objects that are gone, and not told:\n" + "\n".join(kept)
    left = [each.words for each in differences(empty, gone) if each.subject.kind != "database"]
    assert not left, "what is told when all is gone:\n" + "\n".join(left)


def _whole(example: Example) -> str:
    return example.title.partition(": ")[0]


def assert_all_kinds(connection: Connection, rows: Rows, full: Catalogue) -> None:
    """Check that the reading has an object of each class that PostgreSQL can identify, and its
    words for it."""
    query = "SELECT oid, relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace"
    numbers: dict[int, str] = dict(connection.execute(query).fetchall())
    read_classes = {numbers[each.address[0]] for each in full.objects.values()}
    assert rows.kinds.keys() - read_classes - FOLDED.keys() == set()
    wrong = []
    for each in full.objects.values():
        if numbers[each.address[0]] in {"pg_db_role_setting", "pg_init_privs"}:
            continue  # which are no objects of PostgreSQL's
        ((kind,),) = connection.execute(
            "SELECT type FROM pg_identify_object(%s, %s, %s)", each.address
        ).fetchall()
        wrong += [(each.title, kind)] * (kind != each.kind)
    assert wrong == []


def test_no_secret_is_read(connection: Connection) -> None:
    execute(
        connection,
        [
            "CREATE FOREIGN DATA WRAPPER w OPTIONS (api_token 'hidden')",
            "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'shown', sslpassword 'hidden')",
            "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'shown', passfile 'hidden')",
            "ALTER DATABASE example SET my.secret_key TO 'hidden'",
            "ALTER ROLE postgres IN DATABASE example SET my.password TO 'hidden'",
            "CREATE SUBSCRIPTION s CONNECTION 'password=hidden' PUBLICATION p "
            "WITH (connect = false, slot_name = NONE)",
        ],
    )
    text = "\n".join(each.text for each in read(connection).objects.values())
    assert text.count("shown, sum") == 5
    assert "host=shown" in text
    assert "user=shown" in text
    assert "hidden" not in text


def test_the_session_is_as_before(connection: Connection) -> None:
    execute(connection, ["SET search_path TO public", "SET datestyle TO german"])
    shown = "SELECT name, setting FROM pg_settings WHERE source = 'session' ORDER BY name"
    before = connection.execute(shown).fetchall()
    with connection.transaction():
        execute(connection, ["CREATE TABLE a ()"])
        assert "table a" in read(connection).objects
        assert connection.execute(shown).fetchall() == before
    assert "table a" in read(connection).objects
    assert connection.execute(shown).fetchall() == before


def test_what_is_defined_is_read_alike_whatever_the_session_says(connection: Connection) -> None:
    execute(
        connection,
        [
            "CREATE TABLE a (b timestamptz DEFAULT '2026-03-04 05:06+00', c bytea DEFAULT 'x',"
            " d interval DEFAULT '1 day 2 hours', e float8 DEFAULT 0.1)",
            "CREATE VIEW v AS SELECT b FROM a",
        ],
    )
    before = read(connection)
    execute(
        connection,
        [
            "SET search_path TO other, public",
            "SET datestyle TO german",
            "SET timezone TO 'Asia/Tokyo'",
            "SET intervalstyle TO iso_8601",
            "SET bytea_output TO escape",
            "SET extra_float_digits TO -5",
            "SET quote_all_identifiers TO on",
            "DEALLOCATE ALL",  # the query is kept in the session
        ],
    )
    assert [each.words for each in differences(before, read(connection))] == []
    assert read(connection).digest == before.digest


def test_a_lock_is_not_waited_for_longer_than_the_session_says(connection: Connection) -> None:
    execute(connection, ["CREATE TABLE a (b int)", "CREATE VIEW v AS SELECT b FROM a"])
    with psycopg.connect(connection.info.dsn, dbname="example") as other:
        other.execute("LOCK TABLE a")
        execute(connection, ["SET lock_timeout TO 10"])
        with pytest.raises(Refused, match="another session has locked what a view reads"):
            read(connection)
