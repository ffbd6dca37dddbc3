"""Rows that any schema accepts: values that the server is asked about, put together as SQL."""
