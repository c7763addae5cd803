"""Every kind of error and relation that the truth names, and the record class that carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    from reconcile.sample.habits import Text

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Stable names; the truth's column `errors` joins them with ";". Relations stand on both records.
KINDS: Final = {
    "typo": "one letter of a first or last name replaced, doubled, dropped or swapped with its neighbour",
    "nickname": "a short or pet form instead of the first name",
    "two_surnames": "the record carries both surnames (no error by itself)",
    "half_surname": "one of the two surnames only",
    "hyphen": "hyphen, blank or apostrophe inside a surname dropped or exchanged",
    "surname_change": "the surname before (or after) a marriage, while the person goes by the other",
    "names_swapped": "first and last name in each other's column",
    "diacritics_lost": "marks of letters missing",
    "diacritics_garbled": "marks turned into other characters by a wrong encoding",
    "suffix_in_last": "Jr., Sr. or III inside the last name",
    "first_is_middle": "the middle name in the place of the first",
    "middle_initial": "an initial instead of the middle name",
    "upper_case": "names in capitals",
    "mononym": "a person with one name only (no error by itself)",
    "missing_first_name": "no first name",
    "missing_middle_name": "no middle name, although the person has one",
    "missing_last_name": "no last name",
    "day_month_swapped": "day and month of birth exchanged",
    "digit_error": "one digit of the birthdate wrong",
    "placeholder_birthdate": "1900-01-01 or the first of January of the right year",
    "missing_birthdate": "no birthdate",
    "impossible_birthdate": "a day that the calendar does not have",
    "future_birthdate": "a birthdate after today",
    "birthdate_before_1901": "a birthdate before 1901",
    "sparse": "nothing but names and birthdate: no number, address, e-mail or telephone",
    "missing_ssn": "no SSN, although the person has one",
    "ssn_dummy": "a made-up SSN such as 999999999",
    "ssn_malformed": "an SSN of the wrong length",
    "itin": "a taxpayer number instead of an SSN (no error by itself)",
    "college_email": "the address that the college gave, not the personal one",
    "old_email": "a former personal address",
    "missing_email": "no e-mail address",
    "old_phone": "a former telephone number",
    "missing_phone": "no telephone number",
    "old_address": "a former postal address",
    "missing_address": "no postal address",
    "missing_ssid": "no K-12 identifier, although the person has one",
    "twins": "a twin is in the files",
    "siblings": "a brother or sister is in the files",
    "jr_sr": "a parent or child of the same name is in the files",
    "homonym": "a stranger of the same name is in the files",
    "family_email": "an address shared with a relative",
    "two_sis_ids": "the person has two records in the SIS",
    "several_accounts": "the person has several accounts",
    "employee": "the person works for the college and does not study",
    "never_enrolled": "applied and never enrolled",
    "under_13": "younger than 13: flagged, not an error",
    "cccid_absent": "the SIS holds no CCCID",
    "cccid_malformed": "the CCCID breaks the format",
    "cccid_unknown": "one character wrong: a well-formed CCCID that nobody has",
    "cccid_conflict": "the CCCID of somebody else",
    "cccid_shared": "a CCCID that stands on a fellow student's record too",
    "cccid_retired": "the person's former CCCID, gone from the snapshot",
    "cccid_fraud": "the CCCID of an account that was reported as fraud",
    "cccid_several": "several CCCIDs on one record",
    "account_fraud": "the account was reported as fraud",
    "multivalue_mismatch": "parallel lists of different length (Colleague's layout only)",
}
_BIT: Final = {kind: np.uint64(1 << place) for place, kind in enumerate(KINDS)}


class Records:
    """Rows of one table: the person behind each, its columns, and the errors that it carries."""

    def __init__(self, person: Rows, columns: dict[str, Text]) -> None:
        """Start with faultless rows."""
        self.person = person
        self.columns = columns
        self.errors = np.zeros(len(person), dtype=np.uint64)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.person)

    def __getitem__(self, name: str) -> Text:
        """Take one column."""
        return self.columns[name]

    def mark(self, rows: Rows | Mask, kind: str) -> None:
        """Write a kind into the truth of some rows."""
        self.errors[rows] |= _BIT[kind]

    def has(self, *kinds: str) -> Mask:
        """Say which rows carry any of these kinds."""
        bits = np.bitwise_or.reduce([_BIT[kind] for kind in kinds])
        return np.asarray((self.errors & bits) != 0)

    def unmark(self, rows: Rows | Mask, kind: str) -> None:
        """Take a kind from the truth of some rows."""
        self.errors[rows] &= ~_BIT[kind]

    def change(self, kind: str, column: str, rows: Rows, values: Text) -> None:
        """Put new values into a column; only rows that differ afterwards carry the kind."""
        differs = np.fromiter(
            (new != old for new, old in zip(values, self.columns[column][rows], strict=True)),
            dtype=bool,
            count=len(rows),
        )
        self.columns[column][rows] = values
        self.mark(rows[differs], kind)

    def erase(self, kind: str, columns: tuple[str, ...], rows: Rows) -> None:
        """Empty columns, where there was something to lose."""
        lost = rows[filled(self.columns[columns[0]][rows])]
        for column in columns:
            self.columns[column][lost] = None
        self.mark(lost, kind)

    def labels(self) -> pl.Series:
        """Join the kinds of each row as the truth writes them."""
        distinct, where = np.unique(self.errors, return_inverse=True)
        words = [";".join(kind for kind, bit in _BIT.items() if bits & bit) for bits in distinct]
        return pl.Series("errors", words, dtype=pl.String).gather(pl.Series(where))

    def frame(self, *names: str) -> pl.DataFrame:
        """Take columns as a table of text."""
        return pl.DataFrame({name: column(self.columns[name]) for name in names or self.columns})


def filled(values: Text) -> Mask:
    """Say where there is a value."""
    return np.asarray(values != None, dtype=bool)  # noqa: E711 - elementwise


def column(values: Text) -> pl.Series:
    """Turn a numpy column of texts into a polars one."""
    return pl.Series(values.tolist(), dtype=pl.String)


def some(rng: np.random.Generator, eligible: Mask, share: float) -> Rows:
    """Pick a share of the eligible rows; the fraction of a row is left to chance."""
    rows = np.flatnonzero(eligible)
    wanted = share * len(rows)
    count = int(wanted) + int(rng.random() < wanted % 1)
    return np.sort(rng.choice(rows, size=count, replace=False)) if count else rows[:0]
