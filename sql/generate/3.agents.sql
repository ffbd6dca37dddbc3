-- Agents: one for 40 tasks. Few are public, and a few of those do most of the work.
INSERT INTO agents (
    id, user_id, category_id, type_id, name, description, agent_type, status, is_public, tags,
    configuration, workflow_definition, triggers, version, execution_count, success_rate,
    avg_execution_time_ms, last_executed_at, published_at, created_at, updated_at
)
SELECT
    pg_temp.id_at(a.created_at, a.number, 3),
    a.user_id,
    CASE WHEN pg_temp.draw(a.number, 31) < 0.95 THEN t.category_id END,
    CASE WHEN pg_temp.draw(a.number, 31) < 0.9 THEN t.id END,
    initcap(w.word || ' ' || v.word || ' ' || replace(t.type_name, '_', ' ')),
    left(x.body, 300),
    CASE
        WHEN pg_temp.draw(a.number, 32) < 0.5 THEN 'workflow'
        WHEN pg_temp.draw(a.number, 32) < 0.7 THEN 'scheduled'
        WHEN pg_temp.draw(a.number, 32) < 0.9 THEN 'trigger_based'
        ELSE 'api_endpoint'
    END,
    a.status,
    a.status = 'published' AND pg_temp.draw(a.number, 33) < 0.8,
    CASE
        WHEN pg_temp.draw(a.number, 34) < 0.7
            THEN
                jsonb_build_array(
                    'tag' || floor(200 * pg_temp.draw(a.number, 35) ^ 3),
                    'tag' || 200 + a.number % 10
                )
    END,
    jsonb_build_object('model', 'gpt-4o', 'temperature', 0.7, 'prompt', left(x.body, 400)),
    '{"nodes": [{"id": "start"}, {"id": "write"}], "edges": [["start", "write"]]}',
    CASE WHEN pg_temp.draw(a.number, 32) >= 0.5 THEN '[{"every": "day"}]'::jsonb END,
    format('%s.%s.0', 1 + a.number % 3, a.number % 7),
    a.execution_count,
    CASE
        WHEN a.execution_count > 0
            THEN round((1 - 0.5 * pg_temp.draw(a.number, 36) ^ 3)::numeric, 4)
    END,
    CASE WHEN a.execution_count > 0 THEN 200 + a.number % 9000 END,
    CASE
        WHEN a.execution_count > 0
            THEN
                pg_temp.generated_until()
                - (pg_temp.generated_until() - a.created_at) * pg_temp.draw(a.number, 37) ^ 4
    END,
    CASE WHEN a.status = 'published' THEN a.created_at + interval '1 hour' END,
    a.created_at,
    a.created_at + interval '1 hour'
FROM (
    SELECT
        owned.*,
        CASE
            WHEN pg_temp.draw(owned.number, 38) < 0.2 THEN 0
            ELSE floor(20000 * pg_temp.draw(owned.number, 39) ^ 8)::integer
        END AS execution_count,
        CASE
            WHEN pg_temp.draw(owned.number, 40) < 0.25 THEN 'draft'
            WHEN pg_temp.draw(owned.number, 40) < 0.65 THEN 'active'
            WHEN pg_temp.draw(owned.number, 40) < 0.8 THEN 'inactive'
            WHEN pg_temp.draw(owned.number, 40) < 0.9 THEN 'archived'
            ELSE 'published'
        END AS status
    FROM (
        SELECT
            n.number,
            o.user_id,
            date_trunc(
                'milliseconds', o.since + o.tenure * pg_temp.draw(n.number, 41)
            ) AS created_at
        FROM generate_series(1, pg_temp.generated_tasks() / 40) AS n (number)
        INNER JOIN owners AS o
            ON floor((SELECT count(*) FROM owners) * pg_temp.draw(n.number, 30))::bigint = o.slot
    ) AS owned
) AS a
INNER JOIN (
    SELECT
        tt.id,
        tt.category_id,
        tt.type_name,
        row_number() OVER (ORDER BY tt.type_name) AS number
    FROM agent_types AS tt
) AS t ON 1 + floor(33 * pg_temp.draw(a.number, 42) ^ 2)::bigint = t.number
INNER JOIN words AS w ON 13 + a.number % 89 = w.number
INNER JOIN words AS v ON 102 + a.number % 83 = v.number
INNER JOIN texts AS x ON a.number % pg_temp.generated_texts() = x.number
ORDER BY a.created_at, a.number;
