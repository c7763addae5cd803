"""Data against the dictionary: rules, suites, and the gate that they close."""

from reconcile.policy import Policy
from reconcile.validate.gate import validate
from reconcile.validate.suite import require_usable, suite_hash
from reconcile.validate.validation import Validation

__all__ = ["Policy", "Validation", "require_usable", "suite_hash", "validate"]
