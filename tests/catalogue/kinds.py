"""One object of every kind, how to change each of its properties, and how to drop it."""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    """An object that a test makes, changes and drops.

    Args:
        title: What it is told by.
        make: The statements that make it.
        changes: Statements, each of which changes properties of it; `/* since 18 */` before it
            where older versions cannot.
        drop: The statements that drop it; none where it goes with another.
        since: The first version that has it.

    """

    title: str
    make: tuple[str, ...]
    changes: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    since: int = 15


# What the examples need, and no test looks at.
BEFORE = (
    "CREATE ROLE alice",
    "CREATE ROLE bob",
    "CREATE ROLE carol",
    "GRANT carol TO postgres",
    "CREATE SCHEMA other",
    "CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler",
    "CREATE TYPE pair AS (a int, b int)",
    "CREATE TYPE pair2 AS (a int, b int, c int)",
    "CREATE TABLE p1 (a int UNIQUE, CONSTRAINT p1_c CHECK (a > 0))",
    "CREATE TABLE p2 (a int PRIMARY KEY, b int UNIQUE)",
    "CREATE FUNCTION f_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "CREATE FUNCTION f_trigger2() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE FUNCTION f_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
    "CREATE FUNCTION f_event2() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END'",
    "CREATE FUNCTION f_support(internal) RETURNS internal LANGUAGE internal "
    "AS 'generate_series_int4_support'",
)
_PAIR = "(LEFTARG = pair, RIGHTARG = pair, PROCEDURE ="
_EQUAL = "CREATE FUNCTION pair_is(pair, pair) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN TRUE"

EXAMPLES = (
    Example(
        "schema s",
        ("CREATE SCHEMA s",),
        (
            "ALTER SCHEMA s OWNER TO alice",
            "GRANT USAGE ON SCHEMA s TO bob",
            "COMMENT ON SCHEMA s IS 'x'",
            "INSERT INTO pg_seclabel "
            "VALUES ('s'::regnamespace, 'pg_namespace'::regclass, 0, 'test', 'x')",
            "UPDATE pg_seclabel SET label = 'y' WHERE provider = 'test'",
        ),
        ("DELETE FROM pg_seclabel WHERE provider = 'test'", "DROP SCHEMA s"),
    ),
    Example(
        "table t",
        ("CREATE TABLE t (a int NOT NULL, b text, c text)", "CREATE UNIQUE INDEX t_a ON t (a)"),
        (
            "ALTER TABLE t OWNER TO alice",
            "GRANT SELECT ON t TO bob WITH GRANT OPTION",
            "REVOKE ALL ON t FROM alice",
            "ALTER TABLE t SET UNLOGGED",
            "ALTER TABLE t SET (fillfactor = 50)",
            "ALTER TABLE t SET (toast.autovacuum_enabled = off)",
            "ALTER TABLE t SET TABLESPACE place",
            "ALTER TABLE t SET ACCESS METHOD heap_too",
            "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE t FORCE ROW LEVEL SECURITY",
            "ALTER TABLE t DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE t REPLICA IDENTITY FULL",
            "ALTER TABLE t REPLICA IDENTITY NOTHING",
            "COMMENT ON TABLE t IS 'x'",
            "ALTER TABLE t ADD d int, ADD e int, DROP b",
            "ALTER TABLE t DROP c, ADD c text",
        ),
        ("DROP TABLE t",),
    ),
    Example(
        "table t_typed",
        ("CREATE TABLE t_typed OF pair",),
        ("ALTER TABLE t_typed NOT OF", "ALTER TABLE t_typed OF pair"),
        ("DROP TABLE t_typed",),
    ),
    Example(
        "table t_child",
        ("CREATE TABLE t_child () INHERITS (p1)",),
        (
            "ALTER TABLE t_child NO INHERIT p1",
            "ALTER TABLE t_child INHERIT p1",
            "DROP TABLE t_child; CREATE TABLE t_child () INHERITS (p2)",
        ),
        ("DROP TABLE t_child",),
    ),
    Example(
        "table t_parts",
        ('CREATE TABLE t_parts (a int, b text) PARTITION BY RANGE (a, b COLLATE "C")',),
        (
            "DROP TABLE t_parts; CREATE TABLE t_parts (a int, b text) PARTITION BY LIST (a)",
            "DROP TABLE t_parts; CREATE TABLE t_parts (a int, b text) "
            "PARTITION BY RANGE (b text_pattern_ops, (a + 1))",
        ),
        ("DROP TABLE t_parts",),
    ),
    Example(
        "table t_part",
        (
            "CREATE TABLE t_whole (a int NOT NULL) PARTITION BY RANGE (a)",
            "CREATE TABLE t_rest PARTITION OF t_whole DEFAULT",
            "CREATE TABLE t_part PARTITION OF t_whole FOR VALUES FROM (1) TO (2)",
        ),
        (
            "ALTER TABLE t_whole DETACH PARTITION t_part",
            "ALTER TABLE t_whole ATTACH PARTITION t_part FOR VALUES FROM (1) TO (3)",
            "UPDATE pg_inherits SET inhdetachpending = TRUE WHERE inhrelid = 't_part'::regclass",
            "UPDATE pg_inherits SET inhdetachpending = FALSE WHERE inhrelid = 't_part'::regclass",
        ),
        ("DROP TABLE t_whole",),
    ),
    Example(
        "table c_of: column a",
        ("CREATE TABLE c_of (z int, a text, v varchar(10))",),
        (
            "ALTER TABLE c_of ALTER a SET NOT NULL",
            "ALTER TABLE c_of ALTER a SET DEFAULT 'x'",
            "ALTER TABLE c_of ALTER a SET DEFAULT 'y'",
            "ALTER TABLE c_of ALTER a SET STORAGE plain",
            "ALTER TABLE c_of ALTER a SET COMPRESSION pglz",
            "ALTER TABLE c_of ALTER a SET STATISTICS 5",
            "ALTER TABLE c_of ALTER a SET (n_distinct = 5)",
            "GRANT SELECT (a) ON c_of TO bob",
            "COMMENT ON COLUMN c_of.a IS 'x'",
            'ALTER TABLE c_of ALTER a TYPE text COLLATE "C"',
            "ALTER TABLE c_of ALTER a TYPE varchar(7)",
            "ALTER TABLE c_of ALTER a TYPE varchar(8)",
            "ALTER TABLE c_of DROP a, ADD a int",
            "ALTER TABLE c_of ALTER a SET NOT NULL, ALTER a ADD GENERATED ALWAYS AS IDENTITY",
            "ALTER TABLE c_of ALTER a SET GENERATED BY DEFAULT",
            "ALTER TABLE c_of DROP a, ADD a int GENERATED ALWAYS AS (z + 1) STORED",
        ),
        ("DROP TABLE c_of",),
    ),
    Example(
        "table c_18: column a",
        ("CREATE TABLE c_18 (z int, a int)",),
        (
            "ALTER TABLE c_18 ADD CONSTRAINT nn NOT NULL a NOT VALID",
            "COMMENT ON CONSTRAINT nn ON c_18 IS 'x'",
            "ALTER TABLE c_18 VALIDATE CONSTRAINT nn",
            "ALTER TABLE c_18 DROP CONSTRAINT nn, ADD CONSTRAINT nn NOT NULL a NO INHERIT",
            "ALTER TABLE c_18 DROP a, ADD a int GENERATED ALWAYS AS (z + 1) VIRTUAL",
        ),
        ("DROP TABLE c_18",),
        since=18,
    ),
    Example(
        "table c_child: column a",
        ("CREATE TABLE c_parent (a int)", "CREATE TABLE c_child (a int) INHERITS (c_parent)"),
        ("DROP TABLE c_child; CREATE TABLE c_child () INHERITS (c_parent)",),
        ("DROP TABLE c_child, c_parent",),
    ),
    Example(
        "table c_system: column xmin",
        ("CREATE TABLE c_system (a int)", "GRANT SELECT (xmin) ON c_system TO bob"),
        ("GRANT UPDATE (xmin) ON c_system TO bob",),
        ("DROP TABLE c_system",),
    ),
    Example(
        "table k_of: constraint k",
        (
            "CREATE TABLE k_of (a int, b int)",
            "ALTER TABLE k_of ADD CONSTRAINT k CHECK (a > 0) NOT VALID",
        ),
        (
            "ALTER TABLE k_of VALIDATE CONSTRAINT k",
            "ALTER TABLE k_of DROP CONSTRAINT k, ADD CONSTRAINT k CHECK (a > 1)",
            "ALTER TABLE k_of DROP CONSTRAINT k, ADD CONSTRAINT k CHECK (a > 1) NO INHERIT",
            "COMMENT ON CONSTRAINT k ON k_of IS 'x'",
            "ALTER TABLE k_of DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a)",
            "ALTER TABLE k_of DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a, b) DEFERRABLE",
            "ALTER TABLE k_of DROP CONSTRAINT k, "
            "ADD CONSTRAINT k UNIQUE (a, b) DEFERRABLE INITIALLY DEFERRED",
            "ALTER TABLE k_of DROP CONSTRAINT k, ADD CONSTRAINT k EXCLUDE (a WITH =)",
            "ALTER TABLE k_of DROP CONSTRAINT k, ADD CONSTRAINT k EXCLUDE (a WITH =, b WITH =)",
            "ALTER TABLE k_of DROP CONSTRAINT k, ADD CONSTRAINT k PRIMARY KEY (a)",
        ),
        ("DROP TABLE k_of",),
    ),
    Example(
        "table k_fk: constraint k",
        ("CREATE TABLE k_fk (a int, b int, CONSTRAINT k FOREIGN KEY (a) REFERENCES p2)",),
        (
            "ALTER TABLE k_fk DISABLE TRIGGER ALL",
            "ALTER TABLE k_fk ENABLE TRIGGER ALL",
            "ALTER TABLE k_fk ALTER CONSTRAINT k DEFERRABLE INITIALLY DEFERRED",
            *(
                f"ALTER TABLE k_fk DROP CONSTRAINT k, ADD CONSTRAINT k FOREIGN KEY {each}"
                for each in (
                    "(b) REFERENCES p2",
                    "(b) REFERENCES p2 (b)",
                    "(b) REFERENCES p1 (a)",
                    "(b) REFERENCES p1 (a) MATCH FULL",
                    "(b) REFERENCES p1 (a) ON UPDATE CASCADE",
                    "(b) REFERENCES p1 (a) ON DELETE SET NULL",
                    "(b) REFERENCES p1 (a) ON DELETE SET NULL (b)",
                )
            ),
        ),
        ("DROP TABLE k_fk",),
    ),
    Example(
        "table k_18: constraint kk",
        ("CREATE TABLE k_18 (a int, q int4range, r int4range, CONSTRAINT kk CHECK (a > 0))",),
        (
            "ALTER TABLE k_18 DROP CONSTRAINT kk, ADD CONSTRAINT kk CHECK (a > 0) NOT ENFORCED",
            "ALTER TABLE k_18 DROP CONSTRAINT kk, ADD CONSTRAINT kk UNIQUE (q, r)",
            "ALTER TABLE k_18 DROP CONSTRAINT kk, ADD CONSTRAINT kk UNIQUE (q, r WITHOUT OVERLAPS)",
        ),
        ("DROP TABLE k_18",),
        since=18,
    ),
    Example(
        "table k_child: constraint p1_c",
        ("CREATE TABLE k_child () INHERITS (p1)",),
        ("DROP TABLE k_child; CREATE TABLE k_child (CONSTRAINT p1_c CHECK (a > 0)) INHERITS (p1)",),
        ("DROP TABLE k_child",),
    ),
    Example(
        "table i_of: index i",
        ("CREATE TABLE i_of (a int NOT NULL, b text, c text)", "CREATE INDEX i ON i_of (a)"),
        (
            "COMMENT ON INDEX i IS 'x'",
            "ALTER TABLE i_of CLUSTER ON i",
            "ALTER INDEX i SET (fillfactor = 50)",
            "ALTER INDEX i SET TABLESPACE place",
            "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'i'::regclass",
            "UPDATE pg_index SET indisvalid = TRUE WHERE indexrelid = 'i'::regclass",
            "UPDATE pg_index SET indisready = FALSE WHERE indexrelid = 'i'::regclass",
            "UPDATE pg_index SET indisready = TRUE WHERE indexrelid = 'i'::regclass",
            "UPDATE pg_index SET indislive = FALSE WHERE indexrelid = 'i'::regclass",
            "UPDATE pg_index SET indislive = TRUE WHERE indexrelid = 'i'::regclass",
            *(
                f"DROP INDEX i; CREATE {each}"
                for each in (
                    "UNIQUE INDEX i ON i_of (a)",
                    "INDEX i ON i_of USING hash (a)",
                    "INDEX i ON i_of (b)",
                    'INDEX i ON i_of (b COLLATE "C")',
                    "INDEX i ON i_of (b text_pattern_ops)",
                    "INDEX i ON i_of (b text_pattern_ops DESC)",
                    "INDEX i ON i_of (b text_pattern_ops) INCLUDE (c)",
                    "UNIQUE INDEX i ON i_of (b)",
                    "UNIQUE INDEX i ON i_of (b) NULLS NOT DISTINCT",
                    "INDEX i ON i_of (a) WHERE a > 0",
                    "INDEX i ON i_of (a) WHERE a > 1",
                    "INDEX i ON i_of ((a + 1))",
                    "INDEX i ON i_of ((a + 2))",
                )
            ),
            "ALTER INDEX i ALTER 1 SET STATISTICS 5",
            "DROP INDEX i; CREATE UNIQUE INDEX i ON i_of (a)",
            "ALTER TABLE i_of REPLICA IDENTITY USING INDEX i",
        ),
        ("DROP TABLE i_of",),
    ),
    Example(
        "table i_part: index i_a",
        (
            "CREATE TABLE i_whole (a int) PARTITION BY LIST (a)",
            "CREATE TABLE i_part PARTITION OF i_whole DEFAULT",
            "CREATE INDEX i_a ON i_part (a)",
            "CREATE INDEX i_all ON ONLY i_whole (a)",
        ),
        ("ALTER INDEX i_all ATTACH PARTITION i_a",),
        ("DROP TABLE i_whole",),
    ),
    Example(
        "table g_of: trigger g",
        (
            "CREATE TABLE g_of (a int, b int)",
            "CREATE TRIGGER g BEFORE UPDATE ON g_of FOR EACH ROW EXECUTE FUNCTION f_trigger()",
        ),
        (
            "ALTER TABLE g_of DISABLE TRIGGER g",
            "ALTER TABLE g_of ENABLE REPLICA TRIGGER g",
            "ALTER TABLE g_of ENABLE ALWAYS TRIGGER g",
            "COMMENT ON TRIGGER g ON g_of IS 'x'",
            *(
                f"DROP TRIGGER g ON g_of; CREATE {each}"
                for each in (
                    "TRIGGER g AFTER UPDATE ON g_of FOR EACH ROW EXECUTE FUNCTION f_trigger()",
                    "TRIGGER g AFTER UPDATE ON g_of FOR EACH ROW EXECUTE FUNCTION f_trigger2()",
                    "TRIGGER g AFTER UPDATE ON g_of FOR EACH ROW EXECUTE FUNCTION f_trigger2('x')",
                    "TRIGGER g AFTER UPDATE ON g_of FOR EACH ROW EXECUTE FUNCTION f_trigger2('y')",
                    "TRIGGER g AFTER UPDATE OF a ON g_of FOR EACH ROW EXECUTE FUNCTION f_trigger()",
                    "TRIGGER g AFTER UPDATE ON g_of FOR EACH ROW WHEN (OLD.a > 0) "
                    "EXECUTE FUNCTION f_trigger()",
                    "TRIGGER g AFTER UPDATE ON g_of FOR EACH ROW WHEN (OLD.a > 1) "
                    "EXECUTE FUNCTION f_trigger()",
                    "TRIGGER g AFTER UPDATE ON g_of REFERENCING OLD TABLE AS o NEW TABLE AS n "
                    "FOR EACH STATEMENT EXECUTE FUNCTION f_trigger()",
                    "CONSTRAINT TRIGGER g AFTER UPDATE ON g_of FOR EACH ROW "
                    "EXECUTE FUNCTION f_trigger()",
                    "CONSTRAINT TRIGGER g AFTER UPDATE ON g_of FROM p1 DEFERRABLE "
                    "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f_trigger()",
                )
            ),
        ),
        ("DROP TABLE g_of",),
    ),
    Example(
        "table r_of: rule r",
        ("CREATE TABLE r_of (a int)", "CREATE RULE r AS ON INSERT TO r_of DO ALSO NOTHING"),
        (
            "ALTER TABLE r_of DISABLE RULE r",
            "ALTER TABLE r_of ENABLE RULE r",
            "COMMENT ON RULE r ON r_of IS 'x'",
            "CREATE OR REPLACE RULE r AS ON DELETE TO r_of DO ALSO NOTHING",
            "CREATE OR REPLACE RULE r AS ON DELETE TO r_of DO INSTEAD NOTHING",
            "CREATE OR REPLACE RULE r AS ON DELETE TO r_of WHERE OLD.a > 0 DO INSTEAD NOTHING",
            "CREATE OR REPLACE RULE r AS ON DELETE TO r_of DO INSTEAD SELECT 1",
        ),
        ("DROP TABLE r_of",),
    ),
    Example(
        "table l_of: policy l",
        ("CREATE TABLE l_of (a int)", "CREATE POLICY l ON l_of USING (a > 0)"),
        (
            "ALTER POLICY l ON l_of TO bob",
            "ALTER POLICY l ON l_of USING (a > 1)",
            "ALTER POLICY l ON l_of WITH CHECK (a > 1)",
            "COMMENT ON POLICY l ON l_of IS 'x'",
            "DROP POLICY l ON l_of; CREATE POLICY l ON l_of FOR UPDATE USING (a > 1)",
            "DROP POLICY l ON l_of; "
            "CREATE POLICY l ON l_of AS RESTRICTIVE FOR UPDATE USING (a > 1)",
        ),
        ("DROP TABLE l_of",),
    ),
    Example(
        "table x_of: statistics object x",
        (
            "CREATE TABLE x_of (a int, b int, c int)",
            "CREATE TABLE x_of2 (a int, b int, c int)",
            "CREATE STATISTICS x ON a, b FROM x_of",
        ),
        (
            "ALTER STATISTICS x OWNER TO alice",
            "ALTER STATISTICS x SET STATISTICS 5",
            "COMMENT ON STATISTICS x IS 'x'",
            "DROP STATISTICS x; CREATE STATISTICS x (mcv) ON a, b FROM x_of",
            "DROP STATISTICS x; CREATE STATISTICS x (mcv) ON a, c FROM x_of",
            "DROP STATISTICS x; CREATE STATISTICS x ON a, (b + c) FROM x_of",
        ),
        ("DROP TABLE x_of, x_of2",),
    ),
    Example(
        "view v",
        ("CREATE VIEW v AS SELECT a FROM p1",),
        (
            "ALTER VIEW v OWNER TO alice",
            "GRANT SELECT ON v TO bob",
            "ALTER VIEW v SET (security_barrier)",
            "CREATE OR REPLACE VIEW v AS SELECT a FROM p2",
            "COMMENT ON VIEW v IS 'x'",
        ),
        ("DROP VIEW v",),
    ),
    Example(
        "view v_of: column a",
        ("CREATE VIEW v_of AS SELECT a FROM p1",),
        (
            "ALTER VIEW v_of ALTER a SET DEFAULT 1",
            "COMMENT ON COLUMN v_of.a IS 'x'",
            "DROP VIEW v_of; CREATE VIEW v_of AS SELECT a::text FROM p1",
        ),
        ("DROP VIEW v_of",),
    ),
    Example(
        "materialized view m",
        ("CREATE MATERIALIZED VIEW m AS SELECT a FROM p1",),
        (
            "REFRESH MATERIALIZED VIEW m WITH NO DATA",
            "REFRESH MATERIALIZED VIEW m",
            "DROP MATERIALIZED VIEW m; CREATE MATERIALIZED VIEW m AS SELECT a + 1 AS a FROM p1",
            "ALTER MATERIALIZED VIEW m SET (fillfactor = 50)",
            "ALTER MATERIALIZED VIEW m OWNER TO alice",
        ),
        ("DROP MATERIALIZED VIEW m",),
    ),
    Example(
        "materialized view m_of: column a",
        ("CREATE MATERIALIZED VIEW m_of AS SELECT a FROM p1",),
        ("ALTER MATERIALIZED VIEW m_of ALTER a SET STATISTICS 5",),
        ("DROP MATERIALIZED VIEW m_of",),
    ),
    Example(
        "sequence q",
        ("CREATE SEQUENCE q",),
        (
            "ALTER SEQUENCE q OWNER TO alice",
            "GRANT USAGE ON SEQUENCE q TO bob",
            "ALTER SEQUENCE q AS integer",
            "ALTER SEQUENCE q INCREMENT 2",
            "ALTER SEQUENCE q MINVALUE -5",
            "ALTER SEQUENCE q MAXVALUE 1000",
            "ALTER SEQUENCE q START 7",
            "ALTER SEQUENCE q CACHE 10",
            "ALTER SEQUENCE q CYCLE",
            "ALTER SEQUENCE q SET UNLOGGED",
            "COMMENT ON SEQUENCE q IS 'x'",
        ),
        ("DROP SEQUENCE q",),
    ),
    Example(
        "table q_of: sequence q_owned",
        ("CREATE TABLE q_of (a int, b int)", "CREATE SEQUENCE q_owned OWNED BY q_of.a"),
        ("ALTER SEQUENCE q_owned OWNED BY q_of.b",),
        ("DROP TABLE q_of",),
    ),
    Example(
        "type e_enum",
        ("CREATE TYPE e_enum AS ENUM ('a', 'c')",),
        (
            "ALTER TYPE e_enum OWNER TO alice",
            "GRANT USAGE ON TYPE e_enum TO bob",
            "ALTER TYPE e_enum ADD VALUE 'd'",
            "ALTER TYPE e_enum ADD VALUE 'b' BEFORE 'c'",
            "ALTER TYPE e_enum RENAME VALUE 'd' TO 'e'",
            "UPDATE pg_enum SET enumsortorder = 9 "
            "WHERE enumtypid = 'e_enum'::regtype AND enumlabel = 'a'",
            "COMMENT ON TYPE e_enum IS 'x'",
        ),
        ("DROP TYPE e_enum",),
    ),
    Example(
        "type d_domain",
        ("CREATE DOMAIN d_domain AS text",),
        (
            "ALTER DOMAIN d_domain SET DEFAULT 'x'",
            "ALTER DOMAIN d_domain SET NOT NULL",
            "ALTER DOMAIN d_domain OWNER TO alice",
            'DROP DOMAIN d_domain; CREATE DOMAIN d_domain AS text COLLATE "C"',
            "DROP DOMAIN d_domain; CREATE DOMAIN d_domain AS varchar(5)",
            "DROP DOMAIN d_domain; CREATE DOMAIN d_domain AS varchar(6)",
            "DROP DOMAIN d_domain; CREATE DOMAIN d_domain AS int",
        ),
        ("DROP DOMAIN d_domain",),
    ),
    Example(
        "type d_18",
        ("CREATE DOMAIN d_18 AS text CONSTRAINT nn NOT NULL",),
        ("COMMENT ON CONSTRAINT nn ON DOMAIN d_18 IS 'x'",),
        ("DROP DOMAIN d_18",),
        since=18,
    ),
    Example(
        "type d_of: constraint k",
        ("CREATE DOMAIN d_of AS int CONSTRAINT k CHECK (VALUE > 0)",),
        (
            "ALTER DOMAIN d_of DROP CONSTRAINT k; "
            "ALTER DOMAIN d_of ADD CONSTRAINT k CHECK (VALUE > 1) NOT VALID",
            "COMMENT ON CONSTRAINT k ON DOMAIN d_of IS 'x'",
        ),
        ("DROP DOMAIN d_of",),
    ),
    Example(
        "type n_range",
        ("CREATE TYPE n_range AS RANGE (SUBTYPE = text)",),
        (
            "ALTER TYPE n_range OWNER TO alice",
            *(
                f"DROP TYPE n_range CASCADE; CREATE TYPE n_range AS RANGE (SUBTYPE = {each})"
                for each in (
                    'text, COLLATION = "C"',
                    'text, COLLATION = "C", SUBTYPE_OPCLASS = text_pattern_ops',
                    "text, MULTIRANGE_TYPE_NAME = n_multirange_too",
                    "float8",
                    "float8, SUBTYPE_DIFF = float8mi",
                )
            ),
            "DROP TYPE n_range CASCADE; CREATE TYPE n_range; CREATE FUNCTION n_canonical(n_range) "
            "RETURNS n_range LANGUAGE internal IMMUTABLE AS 'int4range_canonical'; "
            "CREATE TYPE n_range AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, "
            "CANONICAL = n_canonical)",
        ),
        ("DROP TYPE n_range CASCADE",),
    ),
    Example(
        "type n_range2: type n_multirange2",
        ("CREATE TYPE n_range2 AS RANGE (SUBTYPE = text)",),
        ("COMMENT ON TYPE n_multirange2 IS 'x'",),
        ("DROP TYPE n_range2",),
    ),
    Example(
        "type o_composite",
        ("CREATE TYPE o_composite AS (a int, b int)",),
        (
            "ALTER TYPE o_composite OWNER TO alice",
            "ALTER TYPE o_composite DROP ATTRIBUTE a, ADD ATTRIBUTE a int",
        ),
        ("DROP TYPE o_composite",),
    ),
    Example(
        "type o_of: column a",
        ("CREATE TYPE o_of AS (a int, b int)",),
        (
            "ALTER TYPE o_of ALTER ATTRIBUTE a TYPE text",
            'ALTER TYPE o_of ALTER ATTRIBUTE a TYPE text COLLATE "C"',
            "COMMENT ON COLUMN o_of.a IS 'x'",
        ),
        ("DROP TYPE o_of",),
    ),
    Example(
        "type b_base",
        (
            "CREATE TYPE b_base",
            *(
                f"CREATE FUNCTION b_{name}({argument}) RETURNS {returns} "
                f"LANGUAGE internal IMMUTABLE STRICT AS '{symbol}'"
                for name, argument, returns, symbol in (
                    ("in", "cstring", "b_base", "int4in"),
                    ("out", "b_base", "cstring", "int4out"),
                    ("receive", "internal", "b_base", "int4recv"),
                    ("send", "b_base", "bytea", "int4send"),
                    ("typmod_in", "cstring[]", "int", "varchartypmodin"),
                    ("typmod_out", "int", "cstring", "varchartypmodout"),
                    ("analyze", "internal", "boolean", "range_typanalyze"),
                    ("subscript", "internal", "internal", "raw_array_subscript_handler"),
                    ("in2", "cstring", "b_base", "int8in"),
                    ("out2", "b_base", "cstring", "int8out"),
                )
            ),
            "CREATE TYPE b_base (INPUT = b_in, OUTPUT = b_out)",
        ),
        (
            "ALTER TYPE b_base OWNER TO alice",
            "ALTER TYPE b_base SET (RECEIVE = b_receive)",
            "ALTER TYPE b_base SET (SEND = b_send)",
            "ALTER TYPE b_base SET (TYPMOD_IN = b_typmod_in)",
            "ALTER TYPE b_base SET (TYPMOD_OUT = b_typmod_out)",
            "ALTER TYPE b_base SET (ANALYZE = b_analyze)",
            "ALTER TYPE b_base SET (SUBSCRIPT = b_subscript)",
            "ALTER TYPE b_base SET (STORAGE = extended)",
            *(
                f"UPDATE pg_type SET {each} WHERE oid = 'b_base'::regtype"
                for each in (
                    "typlen = 8",
                    "typbyval = NOT typbyval",
                    "typalign = 'd'",
                    "typcategory = 'X'",
                    "typispreferred = TRUE",
                    "typdelim = ';'",
                    "typdefault = '7'",
                    "typinput = 'b_in2'::regproc",
                    "typoutput = 'b_out2'::regproc",
                    "typelem = 'int'::regtype",
                    "typcollation = 100",
                )
            ),
        ),
        (
            "DROP TYPE b_base CASCADE",
            "DROP FUNCTION b_typmod_in, b_typmod_out, b_analyze, b_subscript",
        ),
    ),
    Example(
        "type h_shell",
        ("CREATE TYPE h_shell",),
        (
            "CREATE FUNCTION h_in(cstring) RETURNS h_shell LANGUAGE internal AS 'int4in'; "
            "CREATE FUNCTION h_out(h_shell) RETURNS cstring LANGUAGE internal AS 'int4out'; "
            "CREATE TYPE h_shell (INPUT = h_in, OUTPUT = h_out)",
        ),
        ("DROP TYPE h_shell CASCADE",),
    ),
    Example(
        "function u(integer, text)",
        ("CREATE FUNCTION u(a int, b text) RETURNS int LANGUAGE sql AS 'SELECT 1'",),
        (
            "ALTER FUNCTION u OWNER TO alice",
            "REVOKE EXECUTE ON FUNCTION u FROM PUBLIC",
            "COMMENT ON FUNCTION u IS 'x'",
            "ALTER FUNCTION u COST 7",
            "ALTER FUNCTION u IMMUTABLE",
            "ALTER FUNCTION u STRICT",
            "ALTER FUNCTION u SECURITY DEFINER",
            "ALTER FUNCTION u LEAKPROOF",
            "ALTER FUNCTION u PARALLEL SAFE",
            "ALTER FUNCTION u SET work_mem TO '5MB'",
            "ALTER FUNCTION u SUPPORT f_support",
            *(
                f"DROP FUNCTION u; CREATE FUNCTION u({each}"
                for each in (
                    "a int, b text) RETURNS int LANGUAGE sql AS 'SELECT 2'",
                    "a int, b text) RETURNS int LANGUAGE sql RETURN 2",
                    "a int, b text) RETURNS int LANGUAGE sql RETURN 3",
                    "a int, b text) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 2; END'",
                    "a int, b2 text) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 2; END'",
                    "a int, b2 text DEFAULT 'x') RETURNS int LANGUAGE sql RETURN 2",
                    "a int, b2 text DEFAULT 'y') RETURNS int LANGUAGE sql RETURN 2",
                    "a int, b2 text) RETURNS bigint LANGUAGE sql RETURN 2",
                    "a int, b2 text) RETURNS SETOF int LANGUAGE sql ROWS 7 RETURN 2",
                    "a int, INOUT b2 text, OUT c int) LANGUAGE sql RETURN ('x', 1)",
                    "a int, INOUT b2 text, OUT c text) LANGUAGE sql RETURN ('x', 'x')",
                    "a int, b text) RETURNS int LANGUAGE internal AS 'int4in'",
                    "a int, b text) RETURNS int LANGUAGE internal WINDOW AS 'int4in'",
                    "a int, b text) RETURNS int LANGUAGE z_language AS 'x'",
                    "a int, b text) RETURNS int LANGUAGE z_language TRANSFORM FOR TYPE bytea "
                    "AS 'x'",
                    "a int, b text) RETURNS trigger LANGUAGE internal AS 'int4in'",
                )
            ),
        ),
        ("DROP FUNCTION u",),
    ),
    Example(
        "function u_variadic(text[])",
        ("CREATE FUNCTION u_variadic(VARIADIC text[]) RETURNS int LANGUAGE sql RETURN 1",),
        (
            "DROP FUNCTION u_variadic; "
            "CREATE FUNCTION u_variadic(text[]) RETURNS int LANGUAGE sql RETURN 1",
        ),
        ("DROP FUNCTION u_variadic",),
    ),
    Example(
        "procedure w(integer)",
        ("CREATE PROCEDURE w(a int) LANGUAGE sql AS 'SELECT 1'",),
        ("ALTER PROCEDURE w OWNER TO alice", "GRANT EXECUTE ON PROCEDURE w TO bob"),
        ("DROP PROCEDURE w",),
    ),
    Example(
        "aggregate y(integer)",
        (
            "CREATE FUNCTION y_step(int, int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1",
            "CREATE FUNCTION y_step2(int, int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $2",
            "CREATE FUNCTION y_end(int, int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1",
            "CREATE FUNCTION y_end(int) RETURNS int LANGUAGE sql IMMUTABLE RETURN $1",
            "CREATE FUNCTION y_step(bigint, int) RETURNS bigint LANGUAGE sql IMMUTABLE RETURN $1",
            *(
                f"CREATE FUNCTION y_{signature} LANGUAGE internal IMMUTABLE AS '{symbol}'"
                for signature, symbol in (
                    ("step(internal, int) RETURNS internal", "int4_avg_accum"),
                    ("combine(internal, internal) RETURNS internal", "numeric_avg_combine"),
                    ("serial(internal) RETURNS bytea STRICT", "numeric_avg_serialize"),
                    (
                        "deserial(bytea, internal) RETURNS internal STRICT",
                        "numeric_avg_deserialize",
                    ),
                    ("final(internal) RETURNS int", "numeric_avg"),
                )
            ),
            "CREATE AGGREGATE y(int) (SFUNC = y_step, STYPE = int)",
        ),
        (
            "ALTER AGGREGATE y(int) OWNER TO alice",
            "GRANT EXECUTE ON FUNCTION y TO bob",
            "COMMENT ON AGGREGATE y(int) IS 'x'",
            *(
                f"DROP AGGREGATE y(int); CREATE AGGREGATE y({each})"
                for each in (
                    "int) (SFUNC = y_step2, STYPE = int",
                    "int) (SFUNC = y_step, STYPE = bigint",
                    "int) (SFUNC = y_step, STYPE = bigint, SSPACE = 7",
                    "int) (SFUNC = y_step, STYPE = bigint, INITCOND = '7'",
                    "int) (SFUNC = y_step, STYPE = int, FINALFUNC = y_end",
                    "int) (SFUNC = y_step, STYPE = int, FINALFUNC = y_end, FINALFUNC_EXTRA",
                    "int) (SFUNC = y_step, STYPE = int, FINALFUNC = y_end, "
                    "FINALFUNC_MODIFY = read_write",
                    "int) (SFUNC = y_step, STYPE = int, COMBINEFUNC = y_step2",
                    "int) (SFUNC = y_step, STYPE = internal, COMBINEFUNC = y_combine, "
                    "SERIALFUNC = y_serial, DESERIALFUNC = y_deserial, FINALFUNC = y_final",
                    "int) (SFUNC = y_step, STYPE = int, SORTOP = <",
                    "int) (SFUNC = y_step, STYPE = int, PARALLEL = safe",
                    "int) (SFUNC = y_step, STYPE = int, MSFUNC = y_step, MSTYPE = int, "
                    "MINVFUNC = y_step",
                    "int) (SFUNC = y_step, STYPE = int, MSFUNC = y_step2, MSTYPE = int, "
                    "MINVFUNC = y_step",
                    "int) (SFUNC = y_step, STYPE = int, MSFUNC = y_step2, MSTYPE = int, "
                    "MINVFUNC = y_step2, MINITCOND = '7', MSSPACE = 7",
                    "int) (SFUNC = y_step, STYPE = int, MSFUNC = y_step2, MSTYPE = int, "
                    "MINVFUNC = y_step2, MFINALFUNC = y_end, FINALFUNC = y_end",
                    "int) (SFUNC = y_step, STYPE = int, MSFUNC = y_step2, MSTYPE = int, "
                    "MINVFUNC = y_step2, MFINALFUNC = y_end, MFINALFUNC_EXTRA, FINALFUNC = y_end",
                    "int) (SFUNC = y_step, STYPE = int, MSFUNC = y_step2, MSTYPE = int, "
                    "MINVFUNC = y_step2, MFINALFUNC = y_end, FINALFUNC = y_end, "
                    "MFINALFUNC_MODIFY = read_write",
                    "ORDER BY int) (SFUNC = y_step, STYPE = int",
                )
            ),
        ),
        (
            "DROP AGGREGATE y(ORDER BY int)",
            "DROP FUNCTION y_step(int, int), y_step2, y_end(int), y_end(int, int), "
            "y_step(bigint, int), y_step(internal, int), y_serial, y_deserial, y_combine, y_final",
        ),
    ),
    Example(
        "operator ===(pair,pair)",
        (
            _EQUAL,
            "CREATE FUNCTION pair_isnt(pair, pair) RETURNS boolean LANGUAGE sql RETURN FALSE",
            "CREATE FUNCTION pair_as(pair, pair) RETURNS int LANGUAGE sql RETURN 1",
            f"CREATE OPERATOR === {_PAIR} pair_is)",
        ),
        (
            "ALTER OPERATOR === (pair, pair) OWNER TO alice",
            "ALTER OPERATOR === (pair, pair) SET (RESTRICT = eqsel)",
            "ALTER OPERATOR === (pair, pair) SET (JOIN = eqjoinsel)",
            "COMMENT ON OPERATOR === (pair, pair) IS 'x'",
            *(
                f"DROP OPERATOR === (pair, pair); CREATE OPERATOR === {_PAIR} {each}"
                for each in (
                    "pair_isnt)",
                    "pair_as)",
                    "pair_is, COMMUTATOR = ===)",
                    "pair_is, COMMUTATOR = ===, HASHES)",
                    "pair_is, COMMUTATOR = ===, HASHES, MERGES)",
                    "pair_is, NEGATOR = !==)",
                )
            ),
        ),
        (
            "DROP OPERATOR === (pair, pair)",
            "DROP OPERATOR !== (pair, pair)",
            "DROP FUNCTION pair_is, pair_isnt, pair_as",
        ),
    ),
    Example(
        "operator family j_family USING btree",
        ("CREATE OPERATOR FAMILY j_family USING btree",),
        (
            "ALTER OPERATOR FAMILY j_family USING btree OWNER TO alice",
            "COMMENT ON OPERATOR FAMILY j_family USING btree IS 'x'",
        ),
        ("DROP OPERATOR FAMILY j_family USING btree",),
    ),
    Example(
        "operator class j_class USING btree",
        (
            "CREATE OPERATOR FAMILY j_classes USING btree",
            "CREATE OPERATOR CLASS j_class FOR TYPE int USING btree FAMILY j_classes AS "
            "OPERATOR 1 <, FUNCTION 1 btint4cmp(int, int)",
        ),
        (
            "ALTER OPERATOR CLASS j_class USING btree OWNER TO alice",
            "COMMENT ON OPERATOR CLASS j_class USING btree IS 'x'",
            "DROP OPERATOR CLASS j_class USING btree; CREATE OPERATOR CLASS j_class "
            "FOR TYPE bigint USING btree FAMILY j_classes AS OPERATOR 1 <, FUNCTION 1 btint8cmp",
            "DROP OPERATOR CLASS j_class USING btree; CREATE OPERATOR CLASS j_class DEFAULT "
            "FOR TYPE pair2 USING btree AS FUNCTION 1 btrecordcmp(record, record)",
            "UPDATE pg_opclass SET opckeytype = 'int'::regtype WHERE opcname = 'j_class'",
        ),
        (
            "DROP OPERATOR FAMILY j_class USING btree",
            "DROP OPERATOR FAMILY j_classes USING btree CASCADE",
        ),
    ),
    Example(
        "operator of access method operator 1 (integer, integer) of a_family USING btree",
        (
            "CREATE OPERATOR FAMILY a_family USING btree",
            "ALTER OPERATOR FAMILY a_family USING btree ADD OPERATOR 1 <(int, int), "
            "FUNCTION 1 (int, int) btint4cmp(int, int)",
        ),
        (
            "ALTER OPERATOR FAMILY a_family USING btree DROP OPERATOR 1 (int, int); "
            "ALTER OPERATOR FAMILY a_family USING btree ADD OPERATOR 1 <=(int, int)",
        ),
        ("ALTER OPERATOR FAMILY a_family USING btree DROP OPERATOR 1 (int, int)",),
    ),
    Example(
        "operator of access method operator 15 (point, point) of a_order USING gist",
        (
            "CREATE OPERATOR FAMILY a_order USING gist",
            "ALTER OPERATOR FAMILY a_order USING gist "
            "ADD OPERATOR 15 <->(point, point) FOR ORDER BY float_ops",
        ),
        (
            "ALTER OPERATOR FAMILY a_order USING gist DROP OPERATOR 15 (point, point); "
            "CREATE OPERATOR FAMILY other.float_ops USING btree; "
            "ALTER OPERATOR FAMILY a_order USING gist "
            "ADD OPERATOR 15 <->(point, point) FOR ORDER BY other.float_ops",
        ),
        (
            "DROP OPERATOR FAMILY a_order USING gist",
            "DROP OPERATOR FAMILY other.float_ops USING btree",
        ),
    ),
    Example(
        "function of access method function 1 (integer, integer) of a_family USING btree",
        (),
        (
            "ALTER OPERATOR FAMILY a_family USING btree DROP FUNCTION 1 (int, int); "
            "ALTER OPERATOR FAMILY a_family USING btree "
            "ADD FUNCTION 1 (int, int) btfloat4cmp(float4, float4)",
        ),
        ("DROP OPERATOR FAMILY a_family USING btree",),
    ),
    Example(
        "access method m_heap",
        ("CREATE ACCESS METHOD m_heap TYPE TABLE HANDLER heap_tableam_handler",),
        (
            "COMMENT ON ACCESS METHOD m_heap IS 'x'",
            "DROP ACCESS METHOD m_heap; CREATE ACCESS METHOD m_heap TYPE INDEX HANDLER bthandler",
        ),
        ("DROP ACCESS METHOD m_heap",),
    ),
    Example(
        "cast (pair AS pair2)",
        (
            "CREATE FUNCTION c_cast(pair) RETURNS pair2 LANGUAGE sql RETURN NULL",
            "CREATE FUNCTION c_cast2(pair) RETURNS pair2 LANGUAGE sql RETURN NULL",
            "CREATE CAST (pair AS pair2) WITH FUNCTION c_cast",
        ),
        (
            "COMMENT ON CAST (pair AS pair2) IS 'x'",
            "DROP CAST (pair AS pair2); CREATE CAST (pair AS pair2) WITH FUNCTION c_cast2",
            "DROP CAST (pair AS pair2); "
            "CREATE CAST (pair AS pair2) WITH FUNCTION c_cast2 AS ASSIGNMENT",
            "DROP CAST (pair AS pair2); CREATE CAST (pair AS pair2) WITH INOUT",
        ),
        ("DROP CAST (pair AS pair2)", "DROP FUNCTION c_cast, c_cast2"),
    ),
    Example(
        "collation z_collation",
        ("CREATE COLLATION z_collation (LOCALE = 'C')",),
        (
            "ALTER COLLATION z_collation OWNER TO alice",
            "COMMENT ON COLLATION z_collation IS 'x'",
            *(
                f"UPDATE pg_collation SET {each} WHERE collname = 'z_collation'"
                for each in (
                    "collprovider = 'i'",
                    "collisdeterministic = FALSE",
                    "collcollate = 'POSIX'",
                    "collctype = 'POSIX'",
                )
            ),
        ),
        ("DROP COLLATION z_collation",),
    ),
    Example(
        "collation z_15",
        ("CREATE COLLATION z_15 (LOCALE = 'C')",),
        ("UPDATE pg_collation SET coll{locale} WHERE collname = 'z_15'",),
        ("DROP COLLATION z_15",),
    ),
    Example(
        "collation z_18",
        ("CREATE COLLATION z_18 (LOCALE = 'C')",),
        ("UPDATE pg_collation SET collicurules = '&a < b' WHERE collname = 'z_18'",),
        ("DROP COLLATION z_18",),
        since=18,
    ),
    Example(
        "conversion z_conversion",
        ("CREATE CONVERSION z_conversion FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",),
        (
            "ALTER CONVERSION z_conversion OWNER TO alice",
            "COMMENT ON CONVERSION z_conversion IS 'x'",
            "DROP CONVERSION z_conversion; CREATE DEFAULT CONVERSION z_conversion "
            "FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
            "DROP CONVERSION z_conversion; "
            "CREATE CONVERSION z_conversion FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1",
        ),
        ("DROP CONVERSION z_conversion",),
    ),
    Example(
        "text search parser z_parser",
        (
            "CREATE TEXT SEARCH PARSER z_parser (START = prsd_start, GETTOKEN = prsd_nexttoken, "
            "END = prsd_end, LEXTYPES = prsd_lextype)",
        ),
        (
            "COMMENT ON TEXT SEARCH PARSER z_parser IS 'x'",
            *(
                f"UPDATE pg_ts_parser SET {each} WHERE prsname = 'z_parser'"
                for each in (
                    "prsheadline = 'prsd_headline'::regproc",
                    "prsstart = 'int4in'::regproc",
                    "prstoken = 'int4in'::regproc",
                    "prsend = 'int4in'::regproc",
                    "prslextype = 'int4in'::regproc",
                )
            ),
        ),
        ("DROP TEXT SEARCH PARSER z_parser",),
    ),
    Example(
        "text search template z_template",
        ("CREATE TEXT SEARCH TEMPLATE z_template (LEXIZE = dsimple_lexize)",),
        (
            "COMMENT ON TEXT SEARCH TEMPLATE z_template IS 'x'",
            "DROP TEXT SEARCH TEMPLATE z_template; "
            "CREATE TEXT SEARCH TEMPLATE z_template (LEXIZE = dsimple_lexize, INIT = dsimple_init)",
            "UPDATE pg_ts_template SET tmpllexize = 'dispell_lexize'::regproc "
            "WHERE tmplname = 'z_template'",
        ),
        ("DROP TEXT SEARCH TEMPLATE z_template",),
    ),
    Example(
        "text search dictionary z_dictionary",
        ("CREATE TEXT SEARCH DICTIONARY z_dictionary (TEMPLATE = simple)",),
        (
            "ALTER TEXT SEARCH DICTIONARY z_dictionary OWNER TO alice",
            "ALTER TEXT SEARCH DICTIONARY z_dictionary (accept = false)",
            "COMMENT ON TEXT SEARCH DICTIONARY z_dictionary IS 'x'",
            "DROP TEXT SEARCH DICTIONARY z_dictionary; CREATE TEXT SEARCH DICTIONARY z_dictionary "
            "(TEMPLATE = snowball, LANGUAGE = english)",
        ),
        ("DROP TEXT SEARCH DICTIONARY z_dictionary",),
    ),
    Example(
        "text search configuration z_configuration",
        (
            "CREATE TEXT SEARCH PARSER z_parser2 (START = prsd_start, GETTOKEN = prsd_nexttoken, "
            "END = prsd_end, LEXTYPES = prsd_lextype)",
            "CREATE TEXT SEARCH CONFIGURATION z_configuration (COPY = simple)",
        ),
        (
            "ALTER TEXT SEARCH CONFIGURATION z_configuration OWNER TO alice",
            "COMMENT ON TEXT SEARCH CONFIGURATION z_configuration IS 'x'",
            "ALTER TEXT SEARCH CONFIGURATION z_configuration DROP MAPPING FOR asciiword",
            "ALTER TEXT SEARCH CONFIGURATION z_configuration ADD MAPPING FOR asciiword "
            "WITH english_stem, simple",
            "ALTER TEXT SEARCH CONFIGURATION z_configuration ALTER MAPPING FOR asciiword "
            "WITH simple, english_stem",
            "DROP TEXT SEARCH CONFIGURATION z_configuration; "
            "CREATE TEXT SEARCH CONFIGURATION z_configuration (PARSER = z_parser2)",
        ),
        (
            "DROP TEXT SEARCH CONFIGURATION z_configuration",
            "DROP TEXT SEARCH PARSER z_parser2",
        ),
    ),
    Example(
        "language z_language",
        ("CREATE LANGUAGE z_language HANDLER plpgsql_call_handler",),
        (
            "ALTER LANGUAGE z_language OWNER TO alice",
            "COMMENT ON LANGUAGE z_language IS 'x'",
            "UPDATE pg_language SET laninline = 'plpgsql_inline_handler'::regproc "
            "WHERE lanname = 'z_language'",
            "UPDATE pg_language SET lanvalidator = 'plpgsql_validator'::regproc "
            "WHERE lanname = 'z_language'",
            "UPDATE pg_language SET lanplcallfoid = 'int4in'::regproc WHERE lanname = 'z_language'",
            "UPDATE pg_language SET lanplcallfoid = 'plpgsql_call_handler'::regproc "
            "WHERE lanname = 'z_language'",
            "UPDATE pg_language SET lanpltrusted = TRUE WHERE lanname = 'z_language'",
            "GRANT USAGE ON LANGUAGE z_language TO bob",
        ),
        ("DROP LANGUAGE z_language CASCADE",),
    ),
    Example(
        "transform for bytea language z_language",
        (
            "CREATE FUNCTION z_from(internal) RETURNS internal LANGUAGE internal IMMUTABLE "
            "AS 'int4in'",
            "CREATE FUNCTION z_to(internal) RETURNS bytea LANGUAGE internal IMMUTABLE AS 'int4in'",
            "CREATE TRANSFORM FOR bytea LANGUAGE z_language (FROM SQL WITH FUNCTION z_from)",
        ),
        (
            "COMMENT ON TRANSFORM FOR bytea LANGUAGE z_language IS 'x'",
            "CREATE OR REPLACE TRANSFORM FOR bytea LANGUAGE z_language "
            "(FROM SQL WITH FUNCTION z_from, TO SQL WITH FUNCTION z_to)",
            "CREATE OR REPLACE TRANSFORM FOR bytea LANGUAGE z_language (TO SQL WITH FUNCTION z_to)",
        ),
        ("DROP FUNCTION z_from, z_to CASCADE",),
    ),
    Example(
        "foreign-data wrapper z_wrapper",
        ("CREATE FOREIGN DATA WRAPPER z_wrapper OPTIONS (a 'x')",),
        (
            "ALTER FOREIGN DATA WRAPPER z_wrapper OPTIONS (SET a 'y')",
            "GRANT USAGE ON FOREIGN DATA WRAPPER z_wrapper TO bob",
            "COMMENT ON FOREIGN DATA WRAPPER z_wrapper IS 'x'",
            "CREATE FUNCTION z_handler() RETURNS fdw_handler LANGUAGE internal AS 'int4in'; "
            "ALTER FOREIGN DATA WRAPPER z_wrapper HANDLER z_handler",
            "ALTER FOREIGN DATA WRAPPER z_wrapper VALIDATOR postgresql_fdw_validator "
            "OPTIONS (DROP a)",
            "ALTER FOREIGN DATA WRAPPER z_wrapper NO HANDLER",
            "UPDATE pg_foreign_data_wrapper SET fdwowner = 'alice'::regrole "
            "WHERE fdwname = 'z_wrapper'",
            "UPDATE pg_foreign_data_wrapper SET fdwowner = 'postgres'::regrole "
            "WHERE fdwname = 'z_wrapper'",
        ),
        ("DROP FOREIGN DATA WRAPPER z_wrapper CASCADE", "DROP FUNCTION z_handler"),
    ),
    Example(
        "server z_server",
        (
            "CREATE FOREIGN DATA WRAPPER z_wrapper2",
            "CREATE FOREIGN DATA WRAPPER z_wrapper3",
            "CREATE SERVER z_server FOREIGN DATA WRAPPER z_wrapper2 OPTIONS (host 'x')",
        ),
        (
            "ALTER SERVER z_server OWNER TO alice",
            "ALTER SERVER z_server VERSION '7'",
            "ALTER SERVER z_server OPTIONS (SET host 'y')",
            "GRANT USAGE ON FOREIGN SERVER z_server TO bob",
            "COMMENT ON SERVER z_server IS 'x'",
            "DROP SERVER z_server; CREATE SERVER z_server TYPE 'x' FOREIGN DATA WRAPPER z_wrapper3",
        ),
        ("DROP FOREIGN DATA WRAPPER z_wrapper2, z_wrapper3 CASCADE",),
    ),
    Example(
        "user mapping alice on server z_server4",
        (
            "CREATE FOREIGN DATA WRAPPER z_wrapper4",
            "CREATE SERVER z_server4 FOREIGN DATA WRAPPER z_wrapper4",
            "CREATE USER MAPPING FOR alice SERVER z_server4 OPTIONS (user 'x', password 'secret')",
        ),
        (
            "ALTER USER MAPPING FOR alice SERVER z_server4 OPTIONS (SET user 'y')",
            "ALTER USER MAPPING FOR alice SERVER z_server4 OPTIONS (SET password 'secret2')",
        ),
        ("DROP FOREIGN DATA WRAPPER z_wrapper4 CASCADE",),
    ),
    Example(
        "foreign table z_foreign",
        (
            "CREATE FOREIGN DATA WRAPPER z_wrapper5",
            "CREATE SERVER z_server5 FOREIGN DATA WRAPPER z_wrapper5",
            "CREATE SERVER z_server6 FOREIGN DATA WRAPPER z_wrapper5",
            "CREATE FOREIGN TABLE z_foreign (a int) SERVER z_server5 OPTIONS (x 'y')",
        ),
        (
            "ALTER FOREIGN TABLE z_foreign OWNER TO alice",
            "ALTER FOREIGN TABLE z_foreign OPTIONS (SET x 'z')",
            "COMMENT ON FOREIGN TABLE z_foreign IS 'x'",
            "GRANT SELECT ON z_foreign TO bob",
            "UPDATE pg_foreign_table SET ftserver = "
            "(SELECT oid FROM pg_foreign_server WHERE srvname = 'z_server6') "
            "WHERE ftrelid = 'z_foreign'::regclass",
            "ALTER FOREIGN TABLE z_foreign ADD b int",
        ),
        ("DROP FOREIGN TABLE z_foreign",),
    ),
    Example(
        "foreign table z_foreign2: column a",
        ("CREATE FOREIGN TABLE z_foreign2 (a int) SERVER z_server5",),
        (
            "ALTER FOREIGN TABLE z_foreign2 ALTER a OPTIONS (x 'y')",
            "ALTER FOREIGN TABLE z_foreign2 ALTER a SET NOT NULL",
        ),
        ("DROP FOREIGN DATA WRAPPER z_wrapper5 CASCADE",),
    ),
    Example(
        "publication z_publication",
        ("CREATE PUBLICATION z_publication",),
        (
            "ALTER PUBLICATION z_publication SET (publish = 'update, delete, truncate')",
            "ALTER PUBLICATION z_publication SET (publish = 'delete, truncate')",
            "ALTER PUBLICATION z_publication SET (publish = 'truncate')",
            "ALTER PUBLICATION z_publication SET (publish = '')",
            "ALTER PUBLICATION z_publication SET (publish_via_partition_root)",
            "COMMENT ON PUBLICATION z_publication IS 'x'",
            "UPDATE pg_publication SET puballtables = TRUE WHERE pubname = 'z_publication'",
            "UPDATE pg_publication SET puballtables = FALSE WHERE pubname = 'z_publication'",
            "UPDATE pg_publication SET pubowner = 'alice'::regrole WHERE pubname = 'z_publication'",
            "UPDATE pg_publication SET pubowner = 'postgres'::regrole "
            "WHERE pubname = 'z_publication'",
        ),
        ("DROP PUBLICATION z_publication",),
    ),
    Example(
        "publication z_18",
        ("CREATE PUBLICATION z_18",),
        ("ALTER PUBLICATION z_18 SET (publish_generated_columns = stored)",),
        ("DROP PUBLICATION z_18",),
        since=18,
    ),
    Example(
        "publication relation p2 in publication z_relations",
        ("CREATE PUBLICATION z_relations FOR TABLE p2",),
        (
            "ALTER PUBLICATION z_relations SET TABLE p2 (a)",
            "ALTER PUBLICATION z_relations SET TABLE p2 (a) WHERE (a > 0)",
        ),
        ("DROP PUBLICATION z_relations",),
    ),
    Example(
        "publication namespace other in publication z_namespaces",
        ("CREATE PUBLICATION z_namespaces FOR TABLES IN SCHEMA other",),
        (),
        ("DROP PUBLICATION z_namespaces",),
    ),
    Example(
        "subscription z_subscription",
        (
            "CREATE SUBSCRIPTION z_subscription CONNECTION 'host=x password=secret' PUBLICATION p "
            "WITH (connect = false, slot_name = NONE, enabled = false, streaming = false)",
        ),
        (
            "ALTER SUBSCRIPTION z_subscription SET (slot_name = 'x')",
            "ALTER SUBSCRIPTION z_subscription ENABLE",
            "ALTER SUBSCRIPTION z_subscription DISABLE",
            "ALTER SUBSCRIPTION z_subscription SET (binary)",
            "UPDATE pg_subscription SET substream = 't' WHERE subname = 'z_subscription'",
            "ALTER SUBSCRIPTION z_subscription SET (synchronous_commit = on)",
            "ALTER SUBSCRIPTION z_subscription SET (disable_on_error)",
            "ALTER SUBSCRIPTION z_subscription SET PUBLICATION p, q WITH (refresh = false)",
            "UPDATE pg_subscription SET subtwophasestate = 'e' WHERE subname = 'z_subscription'",
            "UPDATE pg_subscription SET subtwophasestate = 'd' WHERE subname = 'z_subscription'",
            "COMMENT ON SUBSCRIPTION z_subscription IS 'x'",
            "UPDATE pg_subscription SET subowner = 'alice'::regrole "
            "WHERE subname = 'z_subscription'",
            "UPDATE pg_subscription SET subowner = 'postgres'::regrole "
            "WHERE subname = 'z_subscription'",
        ),
        (
            "ALTER SUBSCRIPTION z_subscription SET (slot_name = NONE)",
            "DROP SUBSCRIPTION z_subscription",
        ),
    ),
    Example(
        "subscription z_18",
        (
            "CREATE SUBSCRIPTION z_18 CONNECTION 'host=x password=secret' PUBLICATION p "
            "WITH (connect = false, slot_name = NONE, enabled = false)",
        ),
        (
            "ALTER SUBSCRIPTION z_18 SET (streaming = off)",
            "ALTER SUBSCRIPTION z_18 SET (origin = none)",
            "ALTER SUBSCRIPTION z_18 SET (password_required = false)",
            "ALTER SUBSCRIPTION z_18 SET (run_as_owner)",
            "UPDATE pg_subscription SET subfailover = TRUE WHERE subname = 'z_18'",
            "UPDATE pg_subscription SET subfailover = FALSE WHERE subname = 'z_18'",
        ),
        ("DROP SUBSCRIPTION z_18",),
        since=18,
    ),
    Example(
        "extension citext",
        ("CREATE EXTENSION citext WITH VERSION '1.4'",),
        (
            "ALTER EXTENSION citext UPDATE TO '1.5'",
            "ALTER EXTENSION citext SET SCHEMA other",
            "COMMENT ON EXTENSION citext IS 'x'",
            "UPDATE pg_extension SET extowner = 'alice'::regrole WHERE extname = 'citext'",
        ),
        ("DROP EXTENSION citext",),
    ),
    Example(
        "event trigger z_event",
        ("CREATE EVENT TRIGGER z_event ON ddl_command_end EXECUTE FUNCTION f_event()",),
        (
            "ALTER EVENT TRIGGER z_event ENABLE REPLICA",
            "ALTER EVENT TRIGGER z_event ENABLE ALWAYS",
            "ALTER EVENT TRIGGER z_event DISABLE",
            "COMMENT ON EVENT TRIGGER z_event IS 'x'",
            "UPDATE pg_event_trigger SET evtowner = 'alice'::regrole WHERE evtname = 'z_event'",
            "UPDATE pg_event_trigger SET evtowner = 'postgres'::regrole WHERE evtname = 'z_event'",
            "DROP EVENT TRIGGER z_event; "
            "CREATE EVENT TRIGGER z_event ON ddl_command_start EXECUTE FUNCTION f_event()",
            "DROP EVENT TRIGGER z_event; "
            "CREATE EVENT TRIGGER z_event ON ddl_command_start EXECUTE FUNCTION f_event2()",
            "DROP EVENT TRIGGER z_event; CREATE EVENT TRIGGER z_event ON ddl_command_start "
            "WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION f_event2()",
        ),
        ("DROP EVENT TRIGGER z_event",),
    ),
    Example(
        "privileges on function pg_catalog.pg_sleep(double precision)",
        ("REVOKE EXECUTE ON FUNCTION pg_sleep FROM PUBLIC",),
        ("GRANT EXECUTE ON FUNCTION pg_sleep TO alice",),
        (
            "REVOKE EXECUTE ON FUNCTION pg_sleep FROM alice",
            "GRANT EXECUTE ON FUNCTION pg_sleep TO PUBLIC",
        ),
    ),
    Example(
        "default acl for role alice in schema other on tables",
        ("ALTER DEFAULT PRIVILEGES FOR ROLE alice IN SCHEMA other GRANT SELECT ON TABLES TO bob",),
        ("ALTER DEFAULT PRIVILEGES FOR ROLE alice IN SCHEMA other GRANT UPDATE ON TABLES TO bob",),
        ("ALTER DEFAULT PRIVILEGES FOR ROLE alice IN SCHEMA other REVOKE ALL ON TABLES FROM bob",),
    ),
    Example(
        "large object 4711",
        ("SELECT lo_create(4711)", "GRANT SELECT ON LARGE OBJECT 4711 TO bob"),
        (
            "GRANT UPDATE ON LARGE OBJECT 4711 TO bob",
            "ALTER LARGE OBJECT 4711 OWNER TO alice",
            "COMMENT ON LARGE OBJECT 4711 IS 'x'",
        ),
        ("SELECT lo_unlink(4711)",),
    ),
    Example(
        "parameter ACL work_mem",
        ("GRANT SET ON PARAMETER work_mem TO bob",),
        ("GRANT ALTER SYSTEM ON PARAMETER work_mem TO bob",),
        ("REVOKE ALL ON PARAMETER work_mem FROM bob",),
    ),
    Example(
        "database",
        (),
        (
            "ALTER DATABASE example OWNER TO alice",
            "GRANT CREATE ON DATABASE example TO bob",
            "ALTER DATABASE example SET work_mem TO '5MB'",
            "ALTER DATABASE example SET work_mem TO '6MB'",
            "ALTER DATABASE example CONNECTION LIMIT 7",
            "ALTER DATABASE example IS_TEMPLATE TRUE",
            "ALTER DATABASE example IS_TEMPLATE FALSE",
            "COMMENT ON DATABASE example IS 'x'",
            "COMMENT ON DATABASE example IS 'y'",
            *(
                f"UPDATE pg_database SET {each} WHERE datname = current_database()"
                for each in (
                    "encoding = 8",
                    "datlocprovider = 'i'",
                    "datcollate = 'x'",
                    "datctype = 'x'",
                    "datallowconn = FALSE",
                    "dat{locale}",
                    "dattablespace = (SELECT oid FROM pg_tablespace WHERE spcname = 'place')",
                )
            ),
            "/* since 18 */ UPDATE pg_database SET daticurules = '&a < b' "
            "WHERE datname = current_database()",
        ),
        (
            "UPDATE pg_database SET dattablespace = "
            "(SELECT oid FROM pg_tablespace WHERE spcname = 'pg_default')",
            "ALTER DATABASE example OWNER TO postgres",
            "REVOKE ALL ON DATABASE example FROM bob",
        ),
    ),
    Example(
        "role zoe",
        ("CREATE ROLE zoe", "GRANT CREATE ON SCHEMA other TO zoe"),
        (
            "ALTER ROLE zoe SUPERUSER",
            "ALTER ROLE zoe NOINHERIT",
            "ALTER ROLE zoe CREATEROLE",
            "ALTER ROLE zoe CREATEDB",
            "ALTER ROLE zoe LOGIN",
            "ALTER ROLE zoe REPLICATION",
            "ALTER ROLE zoe BYPASSRLS",
            "ALTER ROLE zoe CONNECTION LIMIT 7",
            "ALTER ROLE zoe VALID UNTIL '2030-01-01'",
            "ALTER ROLE zoe SET work_mem TO '5MB'",
            "ALTER ROLE zoe SET work_mem TO '6MB'",
            "GRANT bob TO zoe",
            "GRANT bob TO zoe WITH ADMIN OPTION",
            "COMMENT ON ROLE zoe IS 'x'",
            "INSERT INTO pg_shseclabel VALUES ('zoe'::regrole, 'pg_authid'::regclass, 'test', 'x')",
            "UPDATE pg_shseclabel SET label = 'y' WHERE provider = 'test'",
        ),
        (
            "DELETE FROM pg_shseclabel WHERE provider = 'test'",
            "DROP OWNED BY zoe",
            "DROP ROLE zoe",
        ),
    ),
    Example(
        "role zora",
        ("CREATE ROLE zora", "GRANT CREATE ON SCHEMA other TO zora", "GRANT bob TO zora"),
        ("GRANT bob TO zora WITH INHERIT FALSE", "GRANT bob TO zora WITH SET FALSE"),
        ("DROP OWNED BY zora", "DROP ROLE zora"),
        since=18,
    ),
    Example(
        "database: setting of role carol",
        ("ALTER ROLE carol IN DATABASE example SET work_mem TO '5MB'",),
        ("ALTER ROLE carol IN DATABASE example SET work_mem TO '6MB'",),
        ("ALTER ROLE carol IN DATABASE example RESET ALL",),
    ),
)
# The tablespace is there before any object that uses it, and goes after it.
TABLESPACE = Example(
    "tablespace place",
    ("CREATE TABLESPACE place LOCATION ''", "CREATE TABLE placed (a int) TABLESPACE place"),
    (
        "ALTER TABLESPACE place OWNER TO alice",
        "GRANT CREATE ON TABLESPACE place TO bob",
        "ALTER TABLESPACE place SET (random_page_cost = 7)",
        "COMMENT ON TABLESPACE place IS 'x'",
    ),
    ("DROP TABLE placed", "DROP TABLESPACE place"),
)
