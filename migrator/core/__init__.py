"""What every command is built on; it knows nothing of what is built on it."""
