"""The names of columns that pass between stages; every stage takes them from here.

A table that was read with a layout holds text under these names, one row a person, with list columns
(see LIST_COLUMNS). `standardize` adds the key columns.
Sources: element names as in the OpenCCC account dictionary where it has one; the rest is ours.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

SIS_ID: Final = "sis_id"
CCCID_COLUMN: Final = "cccid"

# What two records may be compared by, in the order in which people read them.
LINK_FIELDS: Final = (
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "birthdate",
    "email",
    "phone",
    "ssn",
    "ssid",
    "zip",
    "street",
)

# In front of a declared field's name: its key column.
DECLARED: Final = "key_of_"

# An SSN is replaced by these while it is read; the clear value is never a column.
SSN_DERIVED: Final = ("ssn_hmac", "ssn_last4", "ssn_type", "ssn_class")

PERSON: Final = (
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "preferred_first_name",
    "birthdate",
    "email",
    "phone",
    *SSN_DERIVED,
    "ssid",
    "street",
    "city",
    "state",
    "zip",
)

# One row a student. `cccids`: what the SIS holds today, as written there; `former_cccids`: what it held
# before, `future_cccids`: what takes effect after the day asked for; `former_names`: structs of
# first_name, middle_name, last_name; `line`: where the row (its first line) stands in the file.
STUDENTS: Final = (
    SIS_ID,
    *PERSON,
    "cccids",
    "former_cccids",
    "future_cccids",
    "former_ids",
    "former_names",
    "college",
    "terms",
    "enrolled",
    "credit",
    "person_type",
    "hold",
    "deceased",
    "confidential",
    "line",
)

# Internal to OpenCCC: where a file has them all the same, "withheld" stands for each value.
NEVER_DELIVERED: Final = ("idv_account_id", "password")

# One row an account of OpenCCC; `cccid` is its id. Flags are "true" / "false" / null.
ACCOUNTS: Final = (
    CCCID_COLUMN,
    *PERSON,
    "former_names",
    "accepted_terms",
    "accepted_terms_timestamp",
    "email_verified",
    "email_verified_timestamp",
    "phone_verified",
    "phone_verified_timestamp",
    "address_validation_override",
    "address_validation_override_timestamp",
    "ssn_no",
    "ssn_exception",
    "idv_optin_timestamp",
    "idv_confirmation_timestamp",
    "idv_workflow_status",
    "no_perm_address_homeless",
    "country",
    "street2",
    "nonusaprovince",
    "phone_type",
    *NEVER_DELIVERED,
    "line",
)

# One row a submitted application: exact evidence that a SIS id and a CCCID are one person.
APPLICATIONS: Final = (SIS_ID, CCCID_COLUMN, "app_id", "submitted", "line")

# One row a student and number of the past, as an earlier run's crosswalk.csv has them.
CROSSWALK: Final = (SIS_ID, CCCID_COLUMN, "origin", "current", "since", "line")

FRAUD: Final = (CCCID_COLUMN, "reported", "reason", "line")

# Of a child under 13: which guardian consented to the account, who they are to the child, on which day, and
# who of the staff took it down. One row a consent.
CONSENT: Final = (
    "guardian_consent_by", "guardian_relation", "guardian_consent_on", "consent_recorded_by"
)  # fmt: skip
CONSENTS: Final = (SIS_ID, *CONSENT, "line")

# Of a request that is made although accounts were found that might be the student's: their CCCIDs, and why
# none of them is.
SET_ASIDE: Final = ("candidates_set_aside", "set_aside_because")

# Behind the CCCID of an account as an earlier snapshot had it: to be looked at, never to be used.
EARLIER: Final = "#earlier"

LIST_COLUMNS: Final = ("cccids", "former_cccids", "future_cccids", "former_ids", "former_names", "terms")


class UseCase(StrEnum):
    """For whom staff make an account: students who cannot do it themselves, and those who never had to."""

    INCARCERATED = "incarcerated"
    FORMERLY_INCARCERATED = "formerly_incarcerated"
    UNHOUSED = "unhoused"
    LIMITED_TECHNOLOGY = "limited_technology"
    DUAL_ENROLLMENT = "dual_enrollment"
    NONCREDIT = "noncredit"
    EXISTING_STUDENT = "existing_student"


# What a request says beyond the student's own data: for whom, why they cannot do it, how their identity was
# verified, and whether staff submit an application too ("true" / "false").
REQUEST: Final = ("use_case", "cannot_self_serve", "identity_check", "proxy_application")


class Band(StrEnum):
    """What a pair's score and its guards allow: link by itself, ask a person, or nothing."""

    LINK = "link"
    REVIEW = "review"
    NONE = "none"


class SisCccid(StrEnum):
    """What is known of the CCCID that the SIS holds for a student."""

    ABSENT = "absent"
    AGREES = "agrees"
    DOUBTFUL = "doubtful"
    OTHER_PERSON = "other_person"
    NOT_IN_SNAPSHOT = "not_in_snapshot"
    MALFORMED = "malformed"
    SHARED = "shared"
    RETIRED = "retired"
    FRAUD = "fraud"


class Search(StrEnum):
    """What looking for the student among the accounts found."""

    NONE = "none"
    CERTAIN = "certain"
    POSSIBLE = "possible"
    SEVERAL = "several"


class Status(StrEnum):
    """The one status of a student; the order is the order of precedence."""

    OUT_OF_SCOPE = "out_of_scope"
    HELD = "held"
    DUPLICATE_STUDENT = "duplicate_student"
    SHARED_CCCID = "shared_cccid"
    CONFLICT = "conflict"
    SEVERAL_ACCOUNTS = "several_accounts"
    CONFIRMED = "confirmed"
    UNKNOWN_CCCID = "unknown_cccid"
    MALFORMED_CCCID = "malformed_cccid"
    PENDING_LOAD = "pending_load"
    RECOVERABLE = "recoverable"
    REVIEW = "review"
    BLOCKED = "blocked"
    MINTABLE = "mintable"


def plain(name: str, /) -> str:
    """Reduce a column's or an element's name to its letters and digits, in which spellings agree.

    >>> plain("Person.Alt-IDs")
    'personaltids'
    """
    return re.sub(r"[\W_]", "", name).casefold()
