"""Data against the dictionary: rules, suites, and the gate that they close."""

from reconcile.validate.gate import Validation, suite_hash, validate

__all__ = ["Validation", "suite_hash", "validate"]
