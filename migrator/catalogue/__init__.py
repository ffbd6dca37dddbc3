"""What a database holds, and how two of them differ."""
