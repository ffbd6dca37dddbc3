-- The runner's settings; sent again after each file, which may have changed them.
-- search_path: the default's "$user" would let a schema named as the role catch the tables.
-- client_connection_check_interval: a killed runner's statement ends within half a second.
SELECT
    set_config('lock_timeout', %(lock_timeout)s, FALSE) AS lock_timeout,
    set_config('statement_timeout', %(statement_timeout)s, FALSE) AS statement_timeout,
    set_config('client_connection_check_interval', '500ms', FALSE) AS check_interval,
    set_config(
        'search_path',
        CASE current_setting('search_path')
            WHEN '"$user", public' THEN 'public'
            ELSE current_setting('search_path')
        END,
        FALSE
    ) AS search_path;
