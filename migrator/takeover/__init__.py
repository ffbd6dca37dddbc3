"""Ways in: a schema that is there, another tool's history or files, many old files as one."""
