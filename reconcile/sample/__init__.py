"""Synthetic inputs with their truth."""
