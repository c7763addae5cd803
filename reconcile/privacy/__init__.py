"""SSN handling, masking, redaction: what may be kept of a secret value, and what may be shown.

An SSN leaves the reader as four columns: a keyed hash, the last four digits, the kind of number and a
class. The key lives outside the workspace.
"""

from __future__ import annotations

from reconcile.privacy.key import SsnKey, session_key
from reconcile.privacy.masks import (
    SHAPE_LENGTH,
    SIGNS,
    UNSEEN,
    looks_like_data,
    mask_date,
    mask_email,
    mask_id,
    mask_name,
    mask_shape,
    redact,
)
from reconcile.privacy.names import Naming, ssn_naming
from reconcile.privacy.numbers import (
    HOLDS_SSN,
    SSN_COLUMNS,
    SSN_PATTERN,
    SSN_SIGN,
    derive_ssn,
    hash_ids,
    require_same_key,
)
from reconcile.privacy.store import (
    KEY_FILE_VARIABLE,
    KEY_STORE_VARIABLE,
    KEY_VARIABLE,
    key_file,
    ssn_key,
)

__all__ = [
    "HOLDS_SSN",
    "KEY_FILE_VARIABLE",
    "KEY_STORE_VARIABLE",
    "KEY_VARIABLE",
    "SHAPE_LENGTH",
    "SIGNS",
    "SSN_COLUMNS",
    "SSN_PATTERN",
    "SSN_SIGN",
    "UNSEEN",
    "Naming",
    "SsnKey",
    "derive_ssn",
    "hash_ids",
    "key_file",
    "looks_like_data",
    "mask_date",
    "mask_email",
    "mask_id",
    "mask_name",
    "mask_shape",
    "redact",
    "require_same_key",
    "session_key",
    "ssn_key",
    "ssn_naming",
]
