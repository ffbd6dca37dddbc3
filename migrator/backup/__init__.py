"""Backups: dumps with a manifest, made, checked, kept, and restored."""
