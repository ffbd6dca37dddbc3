"""Checks of a set's files as text."""
