-- group: playground
-- budget_ms: 100
-- index: none
-- params: user_id bigint, words text
SELECT *
FROM playground_search_text(
    $1, $2, 'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 20
);
