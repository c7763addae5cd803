"""The SIS file: students and everybody else whom a SIS person file holds, with the CCCIDs written there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from reconcile.sample import layouts, numbers, rates
from reconcile.sample.damage import copy_of, damage
from reconcile.sample.kinds import Mask, Records, Rows, filled, some
from reconcile.sample.people import People, days_of, iso

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from reconcile.sample.accounts import Accounts
    from reconcile.sample.habits import Text
    from reconcile.sample.roster import Roster

HOME, NEIGHBOUR = "ZZ1", "ZZ2"  # MIS codes that no college has
_TYPES: Final = {"employee": "EMP", "vendor": "VEN", "applicant": "APP"}


class Students(Records):
    """SIS records with their running numbers; the column `cccids` joins several by "|"."""

    number: Rows
    former_number: Rows
    scope: Rows
    in_scope: Mask


def make(
    rng: np.random.Generator, people: People, roster: Roster, accounts: Accounts, as_of: date
) -> Students:
    """Write every SIS record, in the order of the SIS ids."""
    records = copy_of(people, roster.record_person)
    students = Students(records.person, records.columns)
    students.errors = records.errors
    damage(rng, people, students, as_of, sis=True)
    twice = np.isin(students.person, students.person[roster.second_record])
    students.mark(twice, "two_sis_ids")
    _ids(rng, students)
    _enrolment(rng, roster, students)
    _status(rng, students, as_of)
    _cccids(rng, roster, accounts, students)
    return students


def _ids(rng: np.random.Generator, students: Students) -> None:
    count = len(students)
    drawn = numbers.distinct(rng, 2 * count, max(900_000, 6 * count)) + 1_000
    mixed = rng.permutation(drawn)
    students.number, students.former_number = np.sort(mixed[:count]), np.zeros(count, dtype=np.int64)
    rows = some(rng, np.ones(count, dtype=bool), rates.FORMER_ID)
    students.former_number[rows] = mixed[count + rows]


def _enrolment(rng: np.random.Generator, roster: Roster, students: Students) -> None:
    count = len(students)
    students.scope = roster.scope[students.person]

    def of(*names: str) -> Mask:
        return roster.of_scope(*names)[students.person]

    students.in_scope = of("student")
    students.mark(of("employee"), "employee")
    students.mark(of("applicant"), "never_enrolled")
    person_type = np.full(count, "STU", dtype=object)
    for scope, code in _TYPES.items():
        person_type[of(scope)] = code
    credit = np.where(rng.random(count) < rates.NONCREDIT, "N", "C").astype(object)
    credit[of("employee", "vendor")] = None
    terms = np.full(count, "now", dtype=object)
    terms[some(rng, of("student"), rates.TWO_TERMS)] = "now before"
    terms[of("other_term")] = "before"
    terms[of("employee", "vendor")] = None
    students.columns |= {
        "person_type": person_type,
        "college": np.where(of("other_college"), NEIGHBOUR, HOME).astype(object),
        "credit": credit,
        "terms": terms,
        "enrolled": np.where(of("student", "other_college", "other_term"), "Y", "N").astype(object),
    }


def _status(rng: np.random.Generator, students: Students, as_of: date) -> None:
    count, everybody = len(students), np.ones(len(students), dtype=bool)
    deceased, confidential = np.full(count, None, dtype=object), np.full(count, None, dtype=object)
    rows = some(rng, everybody, rates.DECEASED)
    deceased[rows] = iso(days_of(as_of) - rng.integers(10, 400, len(rows)))
    confidential[some(rng, everybody, rates.CONFIDENTIAL)] = "Y"
    hold = np.full(count, None, dtype=object)
    hold[some(rng, everybody, rates.HOLD)] = layouts.UPLOAD_HOLD
    students.columns |= {"deceased": deceased, "confidential": confidential, "hold": hold}


def _cccids(rng: np.random.Generator, roster: Roster, accounts: Accounts, students: Students) -> None:
    """Write into each record the CCCID that its state asks for."""
    persons = len(roster.state)
    right, retired = _own(accounts, ~roster.retired, persons), _own(accounts, roster.retired, persons)
    second = _own(accounts, ~roster.retired, persons, last=True)
    cccids = np.full(len(students), None, dtype=object)
    person = students.person

    def rows(*names: str) -> Rows:
        return np.flatnonzero(roster.of_state(*names)[person] & ~roster.second_record)

    for row in rows("right", "fraud"):
        cccids[row] = right[person[row]]
    for row in np.flatnonzero(roster.second_record & (rng.random(len(students)) < 0.4)):  # noqa: PLR2004
        cccids[row] = right[person[row]]
    for row in rows("several"):
        cccids[row] = f"{right[person[row]]}|{second[person[row]]}"
    for row in rows("retired"):
        cccids[row] = retired[person[row]]
    held = rows("right")
    lenders = held[students.in_scope[held]]
    borrowers, lenders = _borrow(rng, cccids, rows("shared"), cccids[lenders], lenders)
    students.mark(np.concatenate([borrowers, lenders]), "cccid_shared")
    elsewhere = accounts["cccid"][roster.present & (accounts.person >= persons)]
    borrowers, _ = _borrow(rng, cccids, rows("conflict"), elsewhere, np.arange(len(elsewhere)))
    students.mark(borrowers, "cccid_conflict")
    for name, spoil in (("malformed", _malformed), ("unknown", _unknown)):
        mine = rows(name)
        _spoil(rng, cccids, mine, right[person[mine]], spoil=spoil, taken=np.sort(accounts.number))
        students.mark(mine, f"cccid_{name}")
    for name in ("retired", "several", "fraud"):
        students.mark(rows(name), f"cccid_{name}")
    students.columns["cccids"] = cccids
    students.mark(~filled(cccids), "cccid_absent")


def _spoil(
    rng: np.random.Generator,
    cccids: Text,
    rows: Rows,
    right: Text,
    *,
    spoil: Callable[[np.random.Generator, str, Rows], str],
    taken: Rows,
) -> None:
    spare = numbers.cccid_texts(numbers.cccids(rng, len(rows)))
    for row, own, other in zip(rows, right, spare, strict=True):
        cccids[row] = spoil(rng, own or other, taken)


def _own(accounts: Accounts, which: Mask, persons: int, *, last: bool = False) -> Text:
    own = np.full(persons, None, dtype=object)
    mine = np.flatnonzero(which & (accounts.person < persons))
    mine = mine if last else mine[::-1]
    own[accounts.person[mine]] = accounts["cccid"][mine]
    return own


def _borrow(
    rng: np.random.Generator, cccids: Text, rows: Rows, lent: Text, lenders: Rows
) -> tuple[Rows, Rows]:
    """Write somebody else's number into each row, everybody's once; say who has whose."""
    rows = rows[: len(lent)]
    chosen = rng.choice(len(lent), size=len(rows), replace=False) if len(rows) else rows
    cccids[rows] = lent[chosen]
    return rows, lenders[chosen]


def _malformed(rng: np.random.Generator, cccid: str, _taken: Rows) -> str:
    ways = (
        cccid.lower(),
        cccid[:3] + "O" + cccid[4:],
        "I" + cccid[1:],
        cccid[:3] + "0000",
        cccid[:6],
        cccid[:3] + " " + cccid[3:],
        cccid[:3] + "-" + cccid[3:],
    )
    return ways[rng.integers(0, len(ways))]


def _unknown(rng: np.random.Generator, cccid: str, taken: Rows) -> str:
    """Mistype one character so that the result is well-formed and nobody's."""
    while True:
        at = int(rng.integers(0, 7))
        signs = numbers.LETTERS if at < 3 else "0123456789"  # noqa: PLR2004
        typed = cccid[:at] + signs[rng.integers(0, len(signs))] + cccid[at + 1 :]
        if typed == cccid or typed.endswith("0000"):
            continue
        place = np.searchsorted(taken, number := numbers.cccid_number(typed))
        if place == len(taken) or taken[place] != number:
            return typed
