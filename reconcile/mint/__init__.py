"""Batches of requests, their approval by a second person, and what they end in: numbers and files."""
