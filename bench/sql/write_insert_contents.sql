-- params: first integer, last integer
INSERT INTO generated_content
SELECT (n.new).*
FROM new_contents AS n
WHERE n.number BETWEEN $1 AND $2;
