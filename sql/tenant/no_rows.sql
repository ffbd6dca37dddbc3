-- Fails if the database has rows of the tenant; included by subscribe.sql.
SELECT bool_or((v.value -> 0)::integer > 0) AS has_rows
FROM jsonb_each(tenants.account(:tenant)) AS v
\gset
\if :has_rows
    DO $$ BEGIN RAISE 'The target has rows of a user with this id: they are not of this move.'
    USING HINT = 'Cancel the move.'; END $$;
\endif
