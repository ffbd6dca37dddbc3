"""A made-up review, rich enough to try every format on: it holds one of everything.

Also what is hard to show: markup in SQL, letters outside ASCII, the longest names that PostgreSQL
takes, a character that turns the text around, rows that nobody knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from migrator.review import locks
from migrator.review.report import (
    Allowance,
    FileReview,
    Finding,
    Lock,
    MigrationReview,
    NewPair,
    Opinion,
    Proof,
    Range,
    RelationWork,
    Report,
    Sample,
    StatementReview,
)

COMMIT, STATEMENT = "COMMIT", "the end of the statement"
HOSTILE = "</pre><script>window.hostile = 1</script><img src=x onerror='window.hostile = 2'>"
TURNED = "\u202e"  # from here the text runs from right to left
LONG = "relatorio_mensal_de_execucoes_por_campanha_e_por_usuario_ação"
LONG_INDEX = "idx_relatorio_mensal_por_campanha_usuario_e_mes_mais_recentes_1"
ROWS = {"tasks": 12_400_000, "generated_content": 3_100_000, "users": 48_000, "campaigns": 9_200}
LARGE = 100_000
MINUTE = 60_000.0
INSTEAD = NewPair(
    "0035.generated_content.score_index",
    f"-- purpose: {HOSTILE} {TURNED} ```` # no title\nCREATE INDEX CONCURRENTLY i ON t (id);\n",
    "-- transactional: false\nDROP INDEX CONCURRENTLY i;\n",
)


def _statement(
    text: str, sql: str, ms: float = 0.4, *, at: tuple[float, float] = (0.3, 0.4), **found: Any
) -> StatementReview:
    """Return a statement where the file has it, with samples at both sizes."""
    line = text[: text.index(sql)].count("\n") + 1
    defaults: dict[str, Any] = {
        "samples": (Sample(10_000, at[0], 1_024), Sample(200_000, at[1], int(at[1] * 9_000))),
        "duration_ms": Range.around(ms),
        "wal_bytes": Range.around(ms * 9_000),
    }
    return StatementReview(line, line + sql.count("\n"), sql, **(defaults | found))


def _lock(
    relation: str, mode: str, line: int, held_ms: float | None, *, on: str = "", **more: Any
) -> Lock:
    """Return a lock; on an index where `on` names its table."""
    table = on or relation
    rows = ROWS.get(table)
    defaults: dict[str, Any] = {
        "kind": "index" if on else "table",
        "words": locks.in_words(mode, table, index=relation if on else ""),
        "until": COMMIT,
        "promised": "" if on else mode,
    }
    return Lock(
        relation=relation,
        table=table,
        mode=mode,
        line=line,
        held_ms=None if held_ms is None else Range.around(held_ms),
        rows=rows,
        large=rows is None or rows >= LARGE,
        **(defaults | more),
    )


def file_of(path: str, text: str) -> dict[str, Any]:
    """Return what a review has of a file that was not measured."""
    return {
        "path": path,
        "checksum": hashlib.sha256(text.encode()).hexdigest(),
        "transactional": "-- transactional: false" not in text,
        "text": text,
    }


def _migration(
    id_: str,
    text: str,
    rollback_text: str,
    back: Mapping[str, Any] = MappingProxyType({}),
    **more: Any,
) -> MigrationReview:
    claims = {
        key: value
        for line in text.splitlines()
        if line.startswith("-- ")
        for key, _, value in [line[3:].partition(": ")]
    }
    return MigrationReview(
        id=id_,
        **file_of(f"migrations/{id_}.sql", text),
        purpose=claims["purpose"],
        rollback=FileReview(**file_of(f"migrations/{id_}.rollback.sql", rollback_text), **back),
        claims={key: claims[key] for key in ("locks", "reversible")},
        **more,
    )


def _add_deadline() -> MigrationReview:
    add = "ALTER TABLE tasks ADD COLUMN deadline timestamptz"
    comment = (
        "COMMENT ON COLUMN tasks.deadline IS\n"
        "'When the result becomes useless; NULL if it never does.'"
    )
    text = f"""\
-- purpose: when the result of a task becomes useless, for the scheduler
-- locks: ACCESS EXCLUSIVE on tasks
-- reversible: lossy: every deadline

{add};
{comment};
"""
    return _migration(
        "0033.tasks.add_deadline",
        text,
        "ALTER TABLE tasks DROP COLUMN deadline;\n",
        locks=(_lock("tasks", locks.ACCESS_EXCLUSIVE, 5, 1.5),),
        statements=(
            _statement(text, add, 1.1, locks=(("tasks", locks.ACCESS_EXCLUSIVE),)),
            _statement(text, comment),
        ),
        proof=Proof("lossy", lost=("the values of tasks.deadline",)),
        duration_ms=Range.around(1.5),
    )


def _deadline_index() -> MigrationReview:
    create = (
        "CREATE INDEX CONCURRENTLY idx_tasks_deadline\n"
        "ON tasks (deadline, id) WHERE deadline IS NOT NULL"
    )
    text = f"""\
-- purpose: tasks whose deadline is near, for the scheduler
-- locks: SHARE UPDATE EXCLUSIVE on tasks
-- reversible: yes
-- transactional: false
{create};
"""
    return _migration(
        "0034.tasks.deadline_index",
        text,
        "-- transactional: false\nDROP INDEX CONCURRENTLY IF EXISTS idx_tasks_deadline;\n",
        locks=(_lock("tasks", locks.SHARE_UPDATE_EXCLUSIVE, 5, 41_000, until=STATEMENT),),
        statements=(
            _statement(
                text,
                create,
                41_000,
                at=(33, 661),
                locks=(("tasks", locks.SHARE_UPDATE_EXCLUSIVE),),
                work=(
                    RelationWork(
                        "tasks", 200_000, read=400_000, indexes_built=("idx_tasks_deadline",)
                    ),
                ),
                said=('building index "idx_tasks_deadline" on table "tasks" serially',),
            ),
        ),
        proof=Proof("lossless"),
        duration_ms=Range.around(41_000),
    )


def _score_as_numeric() -> MigrationReview:
    alter = (
        "ALTER TABLE generated_content\n"
        "ALTER COLUMN quality_score TYPE numeric(5, 2) USING quality_score::numeric / 100"
    )
    index = (
        "CREATE INDEX idx_generated_content_quality_newest\n"
        "ON generated_content (quality_score, created_at, id)"
    )
    reference = (
        "ALTER TABLE generated_content\n"
        "ADD CONSTRAINT fk_generated_content_reviewed_by FOREIGN KEY (reviewed_by)\n"
        "REFERENCES users (id) ON DELETE SET NULL NOT VALID"
    )
    validate = "ALTER TABLE generated_content VALIDATE CONSTRAINT fk_generated_content_reviewed_by"
    text = f"""\
-- purpose: quality as a number with two digits, and who gave it
-- locks: SHARE ROW EXCLUSIVE on generated_content, SHARE ROW EXCLUSIVE on users
-- reversible: yes

-- review:allow scan until=2026-06-30 because "the night is quiet"
{alter};

{index};

{reference};
{validate};
"""
    table = "generated_content"
    build = 1.4 * MINUTE
    held = 6.1 * MINUTE
    return _migration(
        "0035.generated_content.score_as_numeric",
        text,
        f"""\
ALTER TABLE {table} DROP CONSTRAINT fk_generated_content_reviewed_by;
DROP INDEX idx_generated_content_quality_newest;
ALTER TABLE {table}
ALTER COLUMN quality_score TYPE integer USING round(quality_score)::integer;
""",
        back={
            "locks": (
                _lock(table, locks.ACCESS_EXCLUSIVE, 1, 3.2 * MINUTE, promised=""),
                _lock("users", locks.ACCESS_EXCLUSIVE, 1, 0.0, until="line 2", promised=""),
            ),
            "statements": (
                StatementReview(
                    3,
                    4,
                    f"ALTER TABLE {table}\n"
                    "ALTER COLUMN quality_score TYPE integer USING round(quality_score)::integer",
                    locks=((table, locks.ACCESS_EXCLUSIVE),),
                    work=(
                        RelationWork(
                            table, 200_000, 200_000, rewritten=True, grows_with={table: 1.0}
                        ),
                    ),
                    duration_ms=Range.around(3.2 * MINUTE),
                ),
            ),
            "duration_ms": Range.around(3.2 * MINUTE, is_least=True),
        },
        locks=(
            _lock(table, locks.ACCESS_EXCLUSIVE, 6, held, promised=locks.SHARE_ROW_EXCLUSIVE),
            *(
                _lock(f"idx_{table}_{each}", locks.ACCESS_EXCLUSIVE, 6, held, on=table)
                for each in ("expiry", "quality", "public_newest", "user_type_newest")
            ),
            _lock("users", locks.SHARE_ROW_EXCLUSIVE, 12, 0.9 * MINUTE),
            _lock("uq_users_email", "ACCESS SHARE", 15, 0.8 * MINUTE, on="users"),
        ),
        statements=(
            _statement(
                text,
                alter,
                3.8 * MINUTE,
                at=(180, 3_700),
                locks=(
                    (table, locks.ACCESS_EXCLUSIVE),
                    (f"idx_{table}_quality", locks.ACCESS_EXCLUSIVE),
                ),
                work=(
                    RelationWork(
                        table,
                        200_000,
                        read=200_000,
                        written=200_000,
                        rewritten=True,
                        indexes_built=(f"idx_{table}_quality", f"idx_{table}_expiry"),
                    ),
                ),
                said=(f'rewriting table "{table}"', f"rehashing catalog cache id 55 for {table}"),
            ),
            _statement(
                text,
                index,
                build,
                at=(61, 1_350),
                work=(
                    RelationWork(
                        table,
                        200_000,
                        read=200_000,
                        indexes_built=("idx_generated_content_quality_newest",),
                    ),
                ),
            ),
            _statement(text, reference, 2.1, locks=(("users", locks.SHARE_ROW_EXCLUSIVE),)),
            _statement(
                text,
                validate,
                0.8 * MINUTE,
                at=(38, 770),
                locks=(("uq_users_email", "ACCESS SHARE"),),
                work=(
                    RelationWork(table, 200_000, read=200_000),
                    RelationWork("users", 10_000, read=10_000),
                ),
                validated=("fk_generated_content_reviewed_by on generated_content",),
            ),
        ),
        proof=Proof(
            "lossy",
            lost=("the values of generated_content.quality_score",),
            destroyed=("the values of generated_content.quality_score",),
            differences=(
                "after the rollback: generated_content: quality_score integer NOT NULL, "
                "was quality_score smallint NOT NULL",
            ),
        ),
        opinions=(
            Opinion(
                "changing-column-type",
                6,
                "Changing a column type requires an ACCESS EXCLUSIVE lock on the table which "
                "blocks reads and writes while the table is rewritten.",
                "confirmed",
                "generated_content was rewritten; the lock is held for 6.1 min.",
            ),
            Opinion(
                "constraint-missing-not-valid",
                12,
                "By default new constraints require a table scan and block writes to the table.",
                "refuted",
                "The constraint was added NOT VALID: no row was read.",
            ),
            Opinion(
                "prefer-robust-stmts",
                9,
                "Missing `IF NOT EXISTS`, so the migration can't be rerun if it fails part way.",
                "beyond measuring",
                "The file runs in one transaction, which leaves nothing behind.",
            ),
        ),
        findings=(
            Finding(
                "rewrite",
                "rewrites generated_content (3,100,000 rows) under ACCESS EXCLUSIVE, which blocks "
                "reads and writes of generated_content",
                "Add a new column, fill it in batches, and switch the application to it.",
                6,
                table,
                header='-- review:allow rewrite until=2027-01-31 because "<b>"',
            ),
            Finding(
                "scan",
                "reads all of generated_content (3,100,000 rows) under ACCESS EXCLUSIVE",
                "Add the constraint NOT VALID, and validate it in its own file.",
                15,
                table,
                allowed=Allowance("the night is quiet", date(2026, 6, 30), 5),
            ),
            Finding(
                "index-build",
                "builds idx_generated_content_quality_newest on generated_content (3,100,000 rows) "
                "under ACCESS EXCLUSIVE, which blocks reads and writes of generated_content",
                "Build the index CONCURRENTLY, alone in a file with `-- transactional: false`.",
                9,
                table,
                files=(INSTEAD,),
            ),
            Finding(
                "work-after-lock",
                "works on users (48,000 rows) under ACCESS EXCLUSIVE, since line 6, which blocks "
                "reads and writes of generated_content",
                "Split the file: put the statement that takes the lock into its own file, or last.",
                15,
                table,
            ),
            Finding(
                "several-tables",
                "blocks writes to 2 tables until COMMIT: generated_content (line 6), users "
                "(line 12)",
                "Split the file, so that each transaction locks one table.",
                12,
            ),
            Finding(
                "rollback-loss",
                "the rollback does not restore the values of generated_content.quality_score",
                "Say so in the header: `-- reversible: lossy: what is lost`.",
            ),
            Finding(
                "rollback-differs",
                "after the rollback: generated_content: quality_score integer NOT NULL, was "
                "quality_score smallint NOT NULL",
                "Let the rollback file undo exactly what the migration did.",
                3,
                file="0035.generated_content.score_as_numeric.rollback.sql",
            ),
            Finding(
                "locks-header",
                "the lock on generated_content is ACCESS EXCLUSIVE, but the header says SHARE ROW "
                "EXCLUSIVE",
                "Correct the header: `-- locks: MODE on relation, ...`.",
                6,
                table,
            ),
        ),
        instead=(INSTEAD,),
        notes=("The numbers of rows in production are from 2026-03-01; they may have grown.",),
        duration_ms=Range.around(held),
    )


def _phone_check() -> MigrationReview:
    alter = (
        "ALTER TABLE users\n"
        "ADD CONSTRAINT ck_users_phone_form CHECK (phone ~ '^\\+[1-9][0-9]{6,14}$')"
    )
    text = f"""\
-- purpose: phone numbers as E.164 has them: +551140028922
-- locks: ACCESS EXCLUSIVE on users
-- reversible: yes

-- review:allow scan on=users until=2026-09-01 because "48,000 users take 60 ms"
{alter};
"""
    return _migration(
        "0036.users.phone_check",
        text,
        "ALTER TABLE users DROP CONSTRAINT ck_users_phone_form;\n",
        locks=(_lock("users", locks.ACCESS_EXCLUSIVE, 6, 62),),
        statements=(
            _statement(
                text,
                alter,
                62,
                at=(14, 260),
                locks=(("users", locks.ACCESS_EXCLUSIVE),),
                work=(RelationWork("users", 200_000, read=200_000),),
                validated=("ck_users_phone_form on users",),
                said=('verifying table "users"',),
            ),
        ),
        proof=Proof("lossless"),
        opinions=(
            Opinion(
                "constraint-missing-not-valid",
                6,
                "By default new constraints require a table scan and block writes to the table.",
                "confirmed",
                "200,000 of 200,000 rows of users were read.",
            ),
        ),
        findings=(
            Finding(
                "scan",
                "reads all of users (48,000 rows) under ACCESS EXCLUSIVE",
                "Add the constraint NOT VALID, and validate it in its own file.",
                6,
                "users",
                allowed=Allowance("48,000 users take 60 ms", date(2026, 9, 1), 5),
            ),
        ),
        duration_ms=Range.around(62),
    )


def _drop_budget() -> MigrationReview:
    drop = "ALTER TABLE campaigns DROP COLUMN budget_cents CASCADE"
    text = f"""\
-- purpose: budgets are kept by the billing service
-- locks: ACCESS EXCLUSIVE on campaigns
-- reversible: no: the budgets are gone

{drop}; ALTER TABLE campaigns RENAME COLUMN note TO remark;
"""
    rename = "ALTER TABLE campaigns RENAME COLUMN note TO remark"
    return _migration(
        "0037.campaigns.drop_budget",
        text,
        "DO $$ BEGIN RAISE EXCEPTION 'the budgets are gone; restore a backup'; END $$;\n",
        locks=(
            _lock("campaigns", locks.ACCESS_EXCLUSIVE, 5, 3.4),
            _lock("campaign_budgets", locks.ACCESS_EXCLUSIVE, 5, 3.4, kind="view", promised=""),
        ),
        statements=(
            _statement(
                text,
                drop,
                2.9,
                locks=(
                    ("campaigns", locks.ACCESS_EXCLUSIVE),
                    ("campaign_budgets", locks.ACCESS_EXCLUSIVE),
                ),
                dropped=(
                    "view campaign_budgets",
                    "constraint ck_campaigns_budget_cents_not_negative on table campaigns",
                ),
                said=("drop cascades to view campaign_budgets",),
            ),
            _statement(text, rename, 0.5, gone=("column campaigns.note is gone",)),
        ),
        proof=Proof(
            "irreversible",
            lost=("the values of campaigns.budget_cents",),
            destroyed=("the values of campaigns.budget_cents",),
            error="0037.campaigns.drop_budget.rollback.sql:1: the budgets are gone; restore a "
            "backup",
        ),
        findings=(
            Finding(
                "cascade",
                "the CASCADE also drops view campaign_budgets, constraint "
                "ck_campaigns_budget_cents_not_negative on table campaigns",
                "Remove the CASCADE, and drop by name what you really mean to drop.",
                5,
            ),
            Finding(
                "breaking-change",
                "column campaigns.note is gone",
                "Expand, then contract: add the new object, switch the application, and drop the "
                "old object in a later release.",
                5,
                "campaigns",
            ),
        ),
        duration_ms=Range.around(3.4),
    )


def _fill_labels() -> MigrationReview:
    block = f"""\
DO $$
DECLARE
    batch integer;
BEGIN
    LOOP
        -- Não há rótulo vazio: "{HOSTILE}" & co.
        UPDATE task_labels AS l SET label = 'sem rótulo — <b>' || l.id || '</b>'
        WHERE l.id IN (SELECT t.id FROM task_labels AS t WHERE t.label IS NULL LIMIT 5000);
        GET DIAGNOSTICS batch = ROW_COUNT;
        EXIT WHEN batch = 0;
    END LOOP;
END
$$"""
    lock_timeout = "SET LOCAL lock_timeout = 0"
    text = f"""\
-- purpose: a label for every task: "<none>" & 'sem rótulo' are not the same
-- locks: none
-- reversible: lossy: which labels were empty

{lock_timeout};
-- The next line turns around: {TURNED}sql neddih
{block};
"""
    return _migration(
        "0038.task_labels.fill",
        text,
        "SELECT 1; -- nothing to undo\n",
        locks=(
            _lock("task_labels", "ROW EXCLUSIVE", 7, None, promised=""),
            _lock("pk_task_labels", "ROW EXCLUSIVE", 7, None, on="task_labels"),
        ),
        statements=(
            _statement(text, lock_timeout, 0.05),
            _statement(
                text,
                block,
                at=(240, 5_100),
                locks=(
                    ("task_labels", "ROW EXCLUSIVE"),
                    ("pk_task_labels", "ROW EXCLUSIVE"),
                ),
                work=(RelationWork("task_labels", 200_000, read=8_200_000, written=100_000),),
                said=(f"NOTICE of the file: {HOSTILE}",),
                duration_ms=None,
                wal_bytes=None,
                ms_per_million=Range.around(25_000),
            ),
        ),
        proof=Proof(
            "lossy",
            lost=("100000 of 200000 rows of task_labels", "the values of task_labels.label"),
            destroyed=("the values of task_labels.label",),
        ),
        findings=(
            Finding(
                "large-write",
                "writes 100,000 of 200,000 rows of task_labels (unknown number of rows). "
                f"{HOSTILE}",
                "Write in batches outside the migration, and commit each batch.",
                7,
                "task_labels",
            ),
            Finding(
                "lock-timeout",
                "sets lock_timeout to 0 (no limit): while it waits for a lock, all later queries "
                "on that table wait behind it",
                "Do not set lock_timeout: the runner sets it and tries again (--lock-timeout).",
                5,
            ),
            Finding(
                "locks-header",
                "the header does not name ROW EXCLUSIVE on task_labels",
                "Correct the header: `-- locks: MODE on relation, ...`.",
                7,
                "task_labels",
            ),
            Finding(
                "ban-char-field",
                "Using `character` is likely an error, and should almost always be `text`.",
                "See https://squawkhq.com/docs/ban-char-field.",
                14,
            ),
        ),
    )


def _long_names() -> MigrationReview:
    attach = f'ALTER TABLE "{LONG}"\nADD COLUMN mês date NOT NULL DEFAULT current_date'
    refresh = "REFRESH MATERIALIZED VIEW resumo_do_mês"
    text = f"""\
-- purpose: o mês de cada execução, para o relatório
-- locks: ACCESS EXCLUSIVE on {LONG}
-- reversible: yes

{attach};
{refresh};
ALTER SEQUENCE relatório_id_seq CACHE 20;
"""
    mode = locks.ACCESS_EXCLUSIVE
    kinds = {
        LONG: "partitioned table",
        f"{LONG[:50]}_2026_03": "table",
        "remoto_execuções": "foreign table",
        "resumo_do_mês": "materialized view",
        "relatório_visão": "view",
    }
    return _migration(
        "0039.relatorio_mensal_de_execucoes_por_campanha_e_por_usuario.add_mes_de_execucao",
        text,
        f'ALTER TABLE "{LONG}" DROP COLUMN mês;\n',
        locks=(
            *(_lock(name, mode, 5, 900, kind=kind) for name, kind in kinds.items()),
            _lock(LONG_INDEX, locks.SHARE, 5, 900, on=LONG),
            _lock("relatório_id_seq", locks.SHARE_ROW_EXCLUSIVE, 8, 0.4, kind="sequence"),
        ),
        statements=(
            _statement(text, attach, 4.2, locks=tuple((name, mode) for name in kinds)),
            _statement(
                text,
                refresh,
                890,
                at=(45, 890),
                work=(RelationWork("resumo_do_mês", 60, written=60, rewritten=True),),
            ),
            _statement(
                text,
                "ALTER SEQUENCE relatório_id_seq CACHE 20",
                locks=(("relatório_id_seq", locks.SHARE_ROW_EXCLUSIVE),),
            ),
        ),
        proof=Proof("lossless"),
        findings=(
            Finding(
                "second-table",
                f"also locks {LONG_INDEX} (unknown number of rows) until COMMIT: SHARE",
                "Name the lock in the header.",
                5,
                LONG,
                allowed=Allowance("até que o relatório tenha outro lugar", date(2026, 12, 31), 1),
            ),
        ),
        notes=(
            "The number of rows of resumo_do_mês is that of the scratch database.",
            "The review does not see partitions that only production has.",
        ),
        duration_ms=Range.around(895),
    )


def _vector() -> MigrationReview:
    return _migration(
        "0040.extensions.vector",
        """\
-- purpose: vectors, for search by meaning
-- locks: none
-- reversible: yes
-- review:allow scan until=2026-01-31 because "nobody knows any more"

CREATE EXTENSION vector;
ALTER TABLE tasks ADD COLUMN meaning vector NOT NULL;
""",
        "ALTER TABLE tasks DROP COLUMN meaning;\nDROP EXTENSION vector;\n",
        findings=(
            Finding(
                "allowance",
                "the review:allow in line 4 ended on 2026-01-31",
                "Decide again: correct the migration, or write a later date.",
                4,
            ),
            Finding(
                "fails-on-rows",
                "line 7 fails on a table that has rows",
                "Give the column a default, or add it as nullable and fill it in batches.",
                7,
            ),
        ),
        not_measured=('line 6: extension "vector" is not available on this server',),
    )


def _half_measured() -> MigrationReview:
    create = "CREATE UNIQUE INDEX CONCURRENTLY uq_api_keys_digest ON api_keys (key_digest)"
    text = f"""\
-- purpose: no key twice
-- locks: SHARE UPDATE EXCLUSIVE on api_keys
-- reversible: yes
-- transactional: false
{create};
"""
    return _migration(
        "0041.api_keys.unique_digest",
        text,
        "DROP INDEX uq_api_keys_digest_;\n",
        locks=(_lock("api_keys", locks.SHARE_UPDATE_EXCLUSIVE, 5, None, until=STATEMENT),),
        statements=(
            _statement(
                text,
                create,
                samples=(),
                duration_ms=None,
                wal_bytes=None,
                locks=(("api_keys", locks.SHARE_UPDATE_EXCLUSIVE),),
                work=(
                    RelationWork(
                        "api_keys", 200_000, read=400_000, indexes_built=("uq_api_keys_digest",)
                    ),
                ),
            ),
        ),
        proof=Proof(
            "not measured",
            differences=("after the rollback: index uq_api_keys_digest: not there before",),
            invalid_indexes=("uq_api_keys_digest on api_keys",),
            error="0041.api_keys.unique_digest.rollback.sql:1: index "
            '"uq_api_keys_digest_" does not exist',
        ),
        findings=(
            Finding(
                "invalid-index",
                "leaves an INVALID index: uq_api_keys_digest on api_keys",
                "Drop the index CONCURRENTLY, find out why its build failed, and build it again.",
            ),
            Finding(
                "rollback-fails",
                'the rollback fails: index "uq_api_keys_digest_" does not exist',
                "Correct the rollback file.",
                1,
                file="0041.api_keys.unique_digest.rollback.sql",
            ),
        ),
        not_measured=("the rollback file fails, so the rollback is not tested",),
    )


def _slug() -> MigrationReview:
    function = """\
CREATE FUNCTION slug(title text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN trim(BOTH '-' FROM regexp_replace(lower(title), '[^a-z0-9]+', '-', 'g'))"""
    comment = "COMMENT ON FUNCTION slug IS 'What an address shows of a title: my-first-campaign.'"
    text = f"""\
-- purpose: titles in addresses
-- locks: none
-- reversible: yes

{function};
{comment};
"""
    return _migration(
        "0042.functions.slug",
        text,
        "DROP FUNCTION slug;\n",
        statements=(_statement(text, function, 1.2), _statement(text, comment)),
        proof=Proof("lossless"),
        duration_ms=Range.around(1.6),
    )


def sample() -> Report:
    """Return the made-up review."""
    return Report(
        server="18.1",
        sizes=(10_000, 200_000),
        rows_from="rows.production.tsv",
        made_on=date(2026, 3, 14),
        migrations=(
            _add_deadline(),
            _deadline_index(),
            _score_as_numeric(),
            _phone_check(),
            _drop_budget(),
            _fill_labels(),
            _long_names(),
            _vector(),
            _half_measured(),
            _slug(),
        ),
        seconds=38.4,
        notes=("Nobody else used the scratch server during the measurements.",),
        commit="9f2c1d7",
    )
