"""The database of GestorLead Studio for SQLAlchemy 2: copy this package into your application."""
