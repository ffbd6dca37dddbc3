"""The review: what pending migrations do to a filled database, measured."""
