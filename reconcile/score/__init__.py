"""Comparison levels, the weight model and what a weight allows; the only importer of rapidfuzz."""
