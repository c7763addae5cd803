"""Delimited text, fixed width and JSON lines: from bytes to records, to columns."""
