-- params: first integer, last integer
UPDATE campaigns AS c
SET spent_credits = c.spent_credits + 1
FROM old_campaigns AS o
WHERE
    o.number BETWEEN $1 AND $2
    AND c.id = o.id;
