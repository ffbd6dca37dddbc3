-- Scratch databases of one kind, of this run or of others, with the key of the run that made them.
SELECT
    d.datname AS name,
    (regexp_match(d.datname, '^' || %(kind)s || '_(\d+)_'))[1]::integer AS key
FROM pg_database AS d
WHERE
    d.datname ~ ('^' || %(kind)s || '_\d+_')
    AND NOT d.datistemplate;
