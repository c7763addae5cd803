"""Layouts: which column holds what, and what a system's rows mean."""
