-- params: first integer, last integer
UPDATE api_keys AS k
SET last_used_at = clock_timestamp()
FROM old_keys AS o
WHERE
    o.number BETWEEN $1 AND $2
    AND k.id = o.id;
