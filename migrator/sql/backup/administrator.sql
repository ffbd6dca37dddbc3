-- What a role may do with databases: make one beside the target, give it the target's name.
SELECT
    r.rolsuper AS is_superuser,
    r.rolsuper OR r.rolcreatedb AS may_create,
    coalesce(pg_has_role(d.datdba, 'USAGE'), FALSE) AS owns_database,
    CASE
        WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory')
    END AS data_directory
FROM pg_roles AS r
LEFT JOIN pg_database AS d ON d.datname = %(database)s
WHERE r.rolname = current_user;
