-- What a server holds beside its databases' contents, to be restored by restore_roles.sql.
DROP TABLE IF EXISTS pg_temp.kept_roles, pg_temp.kept_members, pg_temp.kept_settings;
CREATE TEMPORARY TABLE kept_roles AS SELECT * FROM pg_authid; -- noqa: ambiguous.column_count
CREATE TEMPORARY TABLE kept_members AS SELECT * FROM pg_auth_members; -- noqa: ambiguous.column_count
CREATE TEMPORARY TABLE kept_settings AS SELECT * FROM pg_db_role_setting; -- noqa: ambiguous.column_count
