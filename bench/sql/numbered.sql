-- Old rows to write to, by numbers.
CREATE TEMPORARY TABLE old_agents AS
SELECT
    a.id,
    row_number() OVER (ORDER BY a.id)::integer AS number
FROM agents AS a
WHERE a.status = 'active'
ORDER BY a.id
LIMIT current_setting('bench.rows')::integer;

CREATE TEMPORARY TABLE old_campaigns AS
SELECT
    c.id,
    row_number() OVER (ORDER BY c.id)::integer AS number
FROM campaigns AS c
WHERE c.spent_credits < c.budget_credits
ORDER BY c.id
LIMIT current_setting('bench.rows')::integer;

CREATE TEMPORARY TABLE old_keys AS
SELECT
    k.id,
    row_number() OVER (ORDER BY k.id)::integer AS number
FROM api_keys AS k
ORDER BY k.id
LIMIT current_setting('bench.rows')::integer;

ALTER TABLE old_agents ADD PRIMARY KEY (number);
ALTER TABLE old_campaigns ADD PRIMARY KEY (number);
ALTER TABLE old_keys ADD PRIMARY KEY (number);
ANALYZE old_agents, old_campaigns, old_keys;
