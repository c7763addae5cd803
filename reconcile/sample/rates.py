"""How often things happen in the synthetic files; the whole error model stands on this page.

Shares are of the records (or persons) to which a kind can apply: only a person with two surnames can
be recorded with half of them. The sizes are judgements, chosen so that a set of 2,000 students shows
every kind; where a source gave a number, it is named.
"""

from __future__ import annotations

from typing import Final

# California's population by origin, 2020 Census (P.L. 94-171, table P2): Hispanic of any race 39.4 %,
# and of those who are not: White 34.7, Asian 15.1 + Pacific Islander 0.3, Black 5.4; the rest is other
# or several.
ORIGINS: Final = {"hispanic": 0.394, "white": 0.347, "api": 0.154, "black": 0.054, "other": 0.051}

# Who is in a SIS person file besides the students enrolled in the plan's college and term.
SCOPE: Final = {
    "student": 0.875,
    "applicant": 0.045,  # applied, never enrolled
    "employee": 0.030,
    "other_term": 0.022,
    "other_college": 0.018,
    "vendor": 0.005,
    "not_enrolled": 0.005,
}
TWO_SIS_IDS: Final = 0.014  # share of the records that are a person's second one

# What the SIS holds for a student. About one in five has none ("about 80 %" have one, says the
# Chancellor's Office in 2023-24).
CCCID_STATE: Final = {
    "right": 0.714,
    "absent": 0.200,
    "malformed": 0.022,
    "unknown": 0.016,  # one character wrong: well-formed, nobody's
    "conflict": 0.012,  # another person's number
    "shared": 0.012,  # a fellow student's number
    "retired": 0.008,  # the person's own, gone from the snapshot
    "several": 0.010,  # two numbers, both the person's
    "fraud": 0.006,  # right, but the account was reported as fraud
}
# Share of persons with an account, by that state.
HAS_ACCOUNT: Final = {
    "right": 1.0,
    "absent": 0.48,
    "malformed": 0.92,
    "unknown": 0.95,
    "conflict": 0.60,
    "shared": 0.60,
    "retired": 1.0,
    "several": 1.0,
    "fraud": 1.0,
}
FRAUD_AMONG_OTHERS: Final = 0.004  # accounts of no student that a college reported
RESCINDED: Final = 0.15  # of those reports
# Duplicate accounts are near 0.2 % systemwide (CCCID FAQ 2023); students of one college whom
# nobody could find have more of them.
SECOND_ACCOUNT: Final = {"absent": 0.06, "right": 0.008, "elsewhere": 0.002}

# Relations between persons, as shares of the students (and, halved, of everybody else).
RELATIONS: Final = {"twins": 0.012, "siblings": 0.020, "jr_sr": 0.008, "homonym": 0.012}
HOMONYM_SAME_BIRTHDATE: Final = 0.25
FAMILY_EMAIL: Final = 0.35  # of related pairs other than homonyms

# Names.
TWO_SURNAMES: Final = 0.45  # of Hispanic persons
DOUBLE_SURNAME: Final = 0.03  # of everybody else, hyphenated
DIACRITICS: Final = 0.45  # of Hispanic and Vietnamese persons write the marks of their names
MIDDLE_NAME: Final = 0.62
PREFERRED_NAME: Final = 0.08
MONONYM: Final = 0.002
SUFFIX: Final = 0.012
CHANGED_SURNAME: Final = 0.06  # of women of 20 and more; a tenth of that for men

# Record errors: kind -> (SIS, account).
ERRORS: Final = {
    "sparse": (0.09, 0.0),
    "surname_change": (0.30, 0.30),
    "half_surname": (0.30, 0.12),
    "hyphen": (0.20, 0.12),
    "suffix_in_last": (0.35, 0.10),
    "first_is_middle": (0.012, 0.020),
    "nickname": (0.030, 0.060),
    "typo": (0.018, 0.014),
    "names_swapped": (0.007, 0.005),
    "missing_first_name": (0.004, 0.002),
    "missing_last_name": (0.005, 0.0),
    "missing_middle_name": (0.15, 0.20),
    "middle_initial": (0.40, 0.12),
    "upper_case": (0.12, 0.04),
    "diacritics_garbled": (0.06, 0.012),
    "diacritics_lost": (0.75, 0.15),
    "day_month_swapped": (0.012, 0.008),
    "digit_error": (0.012, 0.009),
    "placeholder_birthdate": (0.010, 0.001),
    "missing_birthdate": (0.018, 0.0),
    "impossible_birthdate": (0.003, 0.0),
    "future_birthdate": (0.003, 0.0),
    "birthdate_before_1901": (0.003, 0.0),
    "missing_ssn": (0.25, 0.35),
    "ssn_dummy": (0.005, 0.002),
    "ssn_malformed": (0.004, 0.001),
    "college_email": (0.35, 0.06),
    "old_email": (0.12, 0.08),
    "missing_email": (0.05, 0.0),
    "old_phone": (0.12, 0.15),
    "missing_phone": (0.08, 0.10),
    "old_address": (0.15, 0.18),
    "missing_address": (0.03, 0.02),
    "missing_ssid": (0.55, 0.45),
}
HAS_SSN: Final = 0.86
ITIN: Final = 0.012
HAS_SSID: Final = 0.70  # of persons up to 30
DECEASED: Final = 0.003
CONFIDENTIAL: Final = 0.012
HOLD: Final = 0.006  # an extract asks only for holds that forbid an upload
NONCREDIT: Final = 0.14
TWO_TERMS: Final = 0.05
FORMER_ID: Final = 0.01
APPLICATION: Final = {"right": 0.70, "absent": 0.20, "elsewhere": 0.0}
