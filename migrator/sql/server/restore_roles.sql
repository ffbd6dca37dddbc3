-- Roles, their members and their settings as keep_roles.sql found them, with the same oids. By the
-- catalogues themselves, as a role that owns something in another database cannot be dropped; for a
-- server that is thrown away. Which columns there are depends on the version.
DELETE FROM pg_authid AS r
WHERE NOT EXISTS (
    SELECT FROM kept_roles AS k
    WHERE row(k.*) IS NOT DISTINCT FROM row(r.*)
);
INSERT INTO pg_authid
SELECT k.* -- noqa: ambiguous.column_count
FROM kept_roles AS k
WHERE k.oid NOT IN (SELECT r.oid FROM pg_authid AS r);
DELETE FROM pg_auth_members AS m
WHERE NOT EXISTS (
    SELECT FROM kept_members AS k
    WHERE row(k.*) IS NOT DISTINCT FROM row(m.*)
);
INSERT INTO pg_auth_members
SELECT k.* -- noqa: ambiguous.column_count
FROM kept_members AS k
WHERE NOT EXISTS (
    SELECT FROM pg_auth_members AS m
    WHERE row(k.*) IS NOT DISTINCT FROM row(m.*)
);
DELETE FROM pg_db_role_setting AS s
WHERE NOT EXISTS (
    SELECT FROM kept_settings AS k
    WHERE row(k.*) IS NOT DISTINCT FROM row(s.*)
);
INSERT INTO pg_db_role_setting
SELECT k.* -- noqa: ambiguous.column_count
FROM kept_settings AS k
WHERE NOT EXISTS (
    SELECT FROM pg_db_role_setting AS s
    WHERE row(k.*) IS NOT DISTINCT FROM row(s.*)
);
