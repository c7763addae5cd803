"""Synthetic inputs with their truth: names as frequent as in California, errors as in real files."""

from reconcile.sample.make import SYSTEMS, SampleFiles, generate

__all__ = ["SYSTEMS", "SampleFiles", "generate"]
