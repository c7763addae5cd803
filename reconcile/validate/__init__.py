"""Data against the dictionary: rules, suites, and the gate that they close."""

from reconcile.validate.gate import validate
from reconcile.validate.policy import Policy
from reconcile.validate.suite import suite_hash
from reconcile.validate.validation import Validation

__all__ = ["Policy", "Validation", "suite_hash", "validate"]
