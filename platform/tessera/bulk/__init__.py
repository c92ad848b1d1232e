"""Bulk operations: whole lists out and files of mutations in, as JSON lines, in the background."""
