"""Data against the dictionary: rules, suites, and the gate that they close."""

from reconcile.validate.gate import Validation, validate

__all__ = ["Validation", "validate"]
