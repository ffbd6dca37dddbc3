"""The same work on many databases: targets, what is where, and the order of the work."""
