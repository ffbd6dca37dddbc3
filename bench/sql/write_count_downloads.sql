-- params: first integer, last integer
UPDATE generated_content AS gc
SET download_count = gc.download_count + 1
FROM new_contents AS n
WHERE
    n.number BETWEEN $1 AND $2
    AND gc.id = (n.new).id;
