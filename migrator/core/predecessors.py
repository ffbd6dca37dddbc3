"""Finds what was in a database before this tool: other tools' histories, and anybody's tables.

Files that ran before must not run again. So a database without a history is migrated only if it is
empty, or if the user says that its tables are another application's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrator.core.errors import Refused
from migrator.core.session import Session
from migrator.sql import sql

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Tool:
    """A migration tool, and how its history is recognised.

    Args:
        name: Its name, as `convert --from` has it, too.
        table: The table of its history.
        columns: Columns that this table has.
        beside: Other tables that it keeps in the same schema.
        schema: The schema that it makes for itself alone; empty if it makes none.

    """

    name: str
    table: str
    columns: frozenset[str]
    beside: frozenset[str] = frozenset()
    schema: str = ""


def _tool(name: str, table: str, columns: str, beside: str = "", schema: str = "") -> Tool:
    return Tool(name, table, frozenset(columns.split()), frozenset(beside.split()), schema)


YOYO = _tool(
    "yoyo", "_yoyo_migration", "migration_hash migration_id", "_yoyo_log _yoyo_version yoyo_lock"
)
# Of two tools that share a name, the one with more columns comes first.
TOOLS = (
    YOYO,
    _tool("yoyo", "_yoyo_migration", "id ctime", "yoyo_lock"),  # before 6.0
    _tool("Alembic", "alembic_version", "version_num"),
    _tool("Flyway", "flyway_schema_history", "installed_rank version script success"),
    _tool("Flyway", "schema_version", "installed_rank version script success"),  # before 5.0
    _tool("Liquibase", "databasechangelog", "id author filename md5sum", "databasechangeloglock"),
    _tool("golang-migrate", "schema_migrations", "version dirty"),
    _tool("Ecto", "schema_migrations", "version inserted_at"),
    _tool("dbmate", "schema_migrations", "version"),
    _tool("goose", "goose_db_version", "version_id is_applied"),
    _tool("sqlx", "_sqlx_migrations", "version success checksum"),
    _tool("diesel", "__diesel_schema_migrations", "version run_on"),
    _tool("Sqitch", "changes", "change_id change project planner_name", schema="sqitch"),
    _tool(
        "Atlas", "atlas_schema_revisions", "version applied total", schema="atlas_schema_revisions"
    ),
    _tool(
        "graphile-migrate", "migrations", "hash previous_hash filename", schema="graphile_migrate"
    ),
    _tool("node-pg-migrate", "pgmigrations", "id name run_on"),
    _tool("refinery", "refinery_schema_history", "version name applied_on"),
    _tool("tern", "schema_version", "version"),
    _tool("Prisma", "_prisma_migrations", "migration_name finished_at rolled_back_at"),
    _tool("Django", "django_migrations", "app name applied"),
    _tool("sql-migrate", "gorp_migrations", "id applied_at"),
)
# Rails has dbmate's table, with another one beside it.
_RAILS = _tool("Rails", "schema_migrations", "version", "ar_internal_metadata")


@dataclass(frozen=True, slots=True)
class Predecessor:
    """Another tool's history in a database.

    Args:
        tool: The tool.
        schema: The schema of its tables.
        tables: Its tables, as the catalogue calls them.

    """

    tool: Tool
    schema: str
    tables: frozenset[str]

    @property
    def words(self) -> str:
        """The tool and its table, for a message."""
        return f"{self.tool.name} ({self.schema}.{self.tool.table})"

    @property
    def has_schema(self) -> bool:
        """Whether everything in its schema belongs to the tool."""
        return self.schema == self.tool.schema


@dataclass(frozen=True, slots=True)
class Found:
    """What a database has that this tool did not make.

    Args:
        histories: Histories of other tools.
        tables: All other tables, as the catalogue calls them.

    """

    histories: Sequence[Predecessor]
    tables: Sequence[str]


def find(session: Session) -> Found:
    """Look for histories and tables, which are not this tool's own while it has no history."""
    rows = session.connection.execute(sql("core/tables").encode()).fetchall()
    names = {(schema, table): title for schema, table, title, _ in rows}
    if ("yoyo", "migration_checksum") in names:
        return Found([], [])  # another runner has made it meanwhile
    histories = []
    for schema, table, _, columns in rows:
        if tool := _tool_of(table, columns or []):
            if tool.name == "dbmate" and (schema, *_RAILS.beside) in names:
                tool = _RAILS
            its = {tool.table, *tool.beside}
            tables = {
                title
                for (where, name), title in names.items()
                if where == schema and (name in its or schema == tool.schema)
            }
            histories.append(Predecessor(tool, schema, frozenset(tables)))
    known = {title for each in histories for title in each.tables}
    return Found(histories, [each for each in names.values() if each not in known])


def _tool_of(table: str, columns: Sequence[str]) -> Tool | None:
    known = (each for each in TOOLS if each.table == table and each.columns <= {*columns})
    return next(known, None)


def refuse(session: Session) -> None:
    """Refuse a database without a history that is not empty: its migrations may have run before.

    Raises:
        Refused: There is a history of another tool, or any table.

    """
    if session.facts.has_history:
        return
    found = find(session)
    refuse_histories(found)
    if found.tables:
        more = len(found.tables) - _SHOWN
        names = ", ".join(found.tables[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        raise Refused(
            f"The database has tables but no history, so these files may have run before: {names}.",
            hint="If they have, `baseline ID` marks them as applied, up to ID. If the tables are "
            "another application's, add --beside-others.",
        )


def refuse_histories(found: Found) -> None:
    """Refuse a database with the history of another tool.

    Raises:
        Refused: There is one.

    """
    if found.histories:
        raise Refused(
            "The database was migrated by another tool: "
            + ", ".join(each.words for each in found.histories)
            + ".",
            hint="`adopt` takes its history over. If it is another application's, add "
            "--beside-others.",
        )
