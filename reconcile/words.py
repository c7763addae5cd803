"""What each status, fact and level means, in the words of a registrar.

One place, so that the evidence of a student, the work list and the audit never disagree. `wording` speaks
of one status; `level_words` turns the levels of a compared pair into a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from reconcile.columns import SisCccid, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Group(StrEnum):
    """What kind of work a status asks for; the order is the one in which people read a report."""

    DONE = "done"
    WRITE = "write"
    PERSON = "person"
    DATA = "data"
    OUTSIDE = "outside"


@dataclass(frozen=True, kw_only=True)
class GroupWording:
    """A group's heading, the short form beside a figure, and its colour.

    The five colours stay apart for the three common kinds of colour blindness and have a contrast of
    at least 3:1 on white and on a dark page; no meaning rests on colour alone.
    """

    title: str
    short: str
    colour: str


GROUPS: Final[dict[Group, GroupWording]] = {
    Group.DONE: GroupWording(title="Nothing to do", short="are in order", colour="#00875f"),
    Group.WRITE: GroupWording(
        title="Ready to write back or create", short="can be written back or created", colour="#0072b2"
    ),
    Group.PERSON: GroupWording(title="A person decides", short="need a person's decision", colour="#c65200"),
    Group.DATA: GroupWording(title="Correct the data first", short="need corrected data", colour="#a8479a"),
    Group.OUTSIDE: GroupWording(title="Not part of this run", short="are out of scope", colour="#767676"),
}


@dataclass(frozen=True, kw_only=True)
class Wording:
    """A status in plain words.

    Attributes:
        title: two to five words, for a chart or a column of a table.
        meaning: what is known about such a student, one sentence.
        action: what to do next, one sentence in the imperative.
        who: who does it.
        group: the kind of work.
    """

    title: str
    meaning: str
    action: str
    who: str
    group: Group


_RECORDS: Final = "Admissions and records"
_SIS: Final = "SIS team"
_NOBODY: Final = "Nobody"

WORDINGS: Final[dict[Status, Wording]] = {
    Status.OUT_OF_SCOPE: Wording(
        title="Out of scope",
        meaning="The record is not in the population that the plan names, for example an employee, a "
        "vendor or somebody who never enrolled.",
        action="Nothing; change the population in the plan if the record belongs to it.",
        who=_NOBODY,
        group=Group.OUTSIDE,
    ),
    Status.HELD: Wording(
        title="Held back",
        meaning="The account or the CCCID was reported as fraud, the person is recorded as deceased, or a "
        "hold forbids an upload.",
        action="Clear the reason with the office that set it; until then nothing is linked, written back "
        "or created.",
        who=_RECORDS,
        group=Group.PERSON,
    ),
    Status.DUPLICATE_STUDENT: Wording(
        title="Two SIS records, perhaps one person",
        meaning="This SIS record and at least one other are, or may be, the same person.",
        action="Decide whether the records are one person and merge them in the SIS; at most one of them "
        "gets an account.",
        who=_RECORDS,
        group=Group.PERSON,
    ),
    Status.SHARED_CCCID: Wording(
        title="CCCID shared by several students",
        meaning="The same CCCID stands on several students in the SIS; it can belong to one of them only.",
        action="Find out whose it is and remove it from the others.",
        who=_RECORDS,
        group=Group.PERSON,
    ),
    Status.CONFLICT: Wording(
        title="CCCID of somebody else, perhaps",
        meaning="The CCCID in the SIS leads to an account whose name or birthdate differs: another "
        "person's, or the student's own under a former name.",
        action="Compare the two records and confirm or replace the CCCID; it is never replaced by itself.",
        who=_RECORDS,
        group=Group.PERSON,
    ),
    Status.SEVERAL_ACCOUNTS: Wording(
        title="Several accounts of one student",
        meaning="More than one account is certainly this student's; one of them may be in the SIS.",
        action="Confirm the proposed account, the one of the latest application, or choose another; the "
        "other CCCIDs stay in the crosswalk.",
        who=_RECORDS,
        group=Group.PERSON,
    ),
    Status.CONFIRMED: Wording(
        title="Confirmed",
        meaning="The CCCID in the SIS leads to an account, and the account is this student's.",
        action="Nothing.",
        who=_NOBODY,
        group=Group.DONE,
    ),
    Status.UNKNOWN_CCCID: Wording(
        title="CCCID not found",
        meaning="The CCCID in the SIS is well formed, but it is not in the account snapshot, or it was "
        "retired.",
        action="Look the account up; CCCIDs that differ in one character are suggested, never applied.",
        who=_RECORDS,
        group=Group.PERSON,
    ),
    Status.MALFORMED_CCCID: Wording(
        title="CCCID is not a CCCID",
        meaning="What stands in the CCCID field of the SIS breaks the format of three letters and four "
        "digits.",
        action="Choose among the near CCCIDs and the account that the search found, and correct the SIS.",
        who=_RECORDS,
        group=Group.PERSON,
    ),
    Status.PENDING_LOAD: Wording(
        title="CCCID waits to be loaded",
        meaning="An earlier batch issued or recovered a CCCID for this student, and the SIS does not have "
        "it yet.",
        action="Load the crosswalk into the SIS.",
        who=_SIS,
        group=Group.WRITE,
    ),
    Status.RECOVERABLE: Wording(
        title="CCCID can be recovered",
        meaning="The SIS has no CCCID, and exactly one existing account is certainly this student's.",
        action="Approve the batch, then write the CCCID back to the SIS; do not create another account.",
        who="Batch approver, then the SIS team",
        group=Group.WRITE,
    ),
    Status.REVIEW: Wording(
        title="May have an account",
        meaning="The SIS has no CCCID, and one or more accounts may be this student's, or agree on name "
        "and birthdate alone.",
        action="Compare the records and decide; no account is created before that.",
        who=_RECORDS,
        group=Group.PERSON,
    ),
    Status.BLOCKED: Wording(
        title="Data not good enough",
        meaning="The SIS has no CCCID, no account was found, and the record breaks a rule that an account "
        "must meet.",
        action="Correct the SIS record, then run again.",
        who=_RECORDS,
        group=Group.DATA,
    ),
    Status.MINTABLE: Wording(
        title="Account can be created",
        meaning="The SIS has no CCCID, no account was found, and the record meets every rule for a new "
        "account.",
        action="Approve the batch, then create the account.",
        who="Batch approver",
        group=Group.WRITE,
    ),
}

SIS_CCCID_WORDS: Final[dict[SisCccid, str]] = {
    SisCccid.ABSENT: "The SIS holds no CCCID.",
    SisCccid.AGREES: "The CCCID in the SIS is this student's.",
    SisCccid.DOUBTFUL: "The account of the CCCID in the SIS agrees only in part.",
    SisCccid.OTHER_PERSON: "The CCCID in the SIS belongs to somebody else.",
    SisCccid.NOT_IN_SNAPSHOT: "The CCCID in the SIS is not in the account snapshot.",
    SisCccid.MALFORMED: "What stands in the CCCID field of the SIS is not a CCCID.",
    SisCccid.SHARED: "Several students hold this CCCID in the SIS.",
    SisCccid.RETIRED: "The CCCID in the SIS was retired.",
    SisCccid.FRAUD: "The CCCID in the SIS was reported as fraud.",
}

FIELD_WORDS: Final[dict[str, str]] = {
    "first_name": "first name",
    "middle_name": "middle name",
    "last_name": "last name",
    "email": "e-mail",
    "ssn": "SSN",
    "ssid": "SSID",
    "zip": "ZIP",
    "cccid": "CCCID",
}

# Why a pair is not linked by itself, whatever its weight.
GUARD_WORDS: Final[dict[str, str]] = {
    "twin": "last name and birthdate agree, first names clearly differ",
    "suffix_differs": "Jr against Sr, or other suffixes",
    "ssn_differs": "both SSNs are known, and they differ",
    "name_differs": "first or last name does not agree",
    "birthdate_differs": "the birthdate does not agree, or is not known on both sides",
    "contact_only": "neither the name nor the birthdate agrees",
    "all_else_differs": "name and birthdate agree, all else that is known differs",
}

# The same of one pair, where the birthdates could be compared, and where they could not.
_GUARDS_OF_BIRTH: Final[dict[str, tuple[str, str]]] = {
    "birthdate_differs": ("the birthdate does not agree", "the birthdate is not known on both sides"),
    "contact_only": (
        GUARD_WORDS["contact_only"], "the name does not agree, and the birthdate is not known on both sides",
    ),
}  # fmt: skip

# How two values are alike when they are not equal; read after the name of the field.
LEVEL_WORDS: Final[dict[str, str]] = {
    "alias": "equals a former name",
    "crossed": "stands in the other name's place, while the other name differs",
    "day_month_swapped": "has day and month swapped",
    "far": "is spelled somewhat alike",
    "initial": "is an initial only",
    "initial_different": "has another initial",
    "last_four": "differs, but for the last four digits",
    "last_four_alone": "agrees on the last four digits, all that one side has",
    "last_four_different": "differs in the last four digits, all that one side has",
    "local_part": "agrees before the @",
    "middle": "is the other's middle name",
    "near": "is spelled alike",
    "nickname": "is a nickname",
    "one_digit": "differs in one digit",
    "one_edit": "differs in one letter",
    "one_part": "differs in the day, the month or the year",
    "other_year": "is a placeholder of another year",
    "part": "agrees in part",
    "same_year": "is a placeholder of the same year",
    "swapped": "stands in the other name's place",
    "swapped_near": "stands in the other name's place, spelled alike",
}

_EXACT: Final = "exact"
_DIFFERENT: Final = "different"
_MISSING: Final = frozenset({"missing", ""})
_NO_DAY: Final = frozenset({*_MISSING, "same_year"})  # of a placeholder only the year can be compared


def wording(status: Status | str, /) -> Wording:
    """Say what a status means.

    >>> wording("recoverable").title
    'CCCID can be recovered'
    """
    return WORDINGS[Status(status)]


def guard_words(guard: str | None, birthdate: str | None, /) -> str:
    """Say why a pair is not linked by itself; "" when nothing holds it back.

    Args:
        guard: of the pair.
        birthdate: its level of the birthdate, which may not have been compared at all.

    >>> guard_words("birthdate_differs", "one_part"), guard_words("birthdate_differs", "missing")
    ('the birthdate does not agree', 'the birthdate is not known on both sides')
    """
    name = guard or ""
    if name in _GUARDS_OF_BIRTH:
        return _GUARDS_OF_BIRTH[name][(birthdate or "") in _NO_DAY]
    return GUARD_WORDS.get(name, name.replace("_", " "))


def level_words(levels: Mapping[str, str | None], /) -> str:
    """Say on what a pair agrees, how it is alike, and where it differs; what one side lacks is left out.

    Patterns of levels are few: on many pairs, word the distinct ones and join the words back.

    >>> level_words({"first_name": "exact", "birthdate": "exact", "ssn": "different", "email": "missing"})
    'agrees on first name and birthdate; SSN differs'
    >>> level_words({"first_name": "nickname", "last_name": "exact"})
    'agrees on last name; first name is a nickname'
    """
    stated = {field: level for field, level in levels.items() if level is not None and level not in _MISSING}
    agree = [_field(field) for field, level in stated.items() if level == _EXACT]
    alike = [
        f"{_field(field)} {LEVEL_WORDS.get(level, level.replace('_', ' '))}"
        for field, level in stated.items()
        if level not in (_EXACT, _DIFFERENT)
    ]
    differ = [_field(field) for field, level in stated.items() if level == _DIFFERENT]
    parts = [f"agrees on {listed(agree)}"] if agree else []
    parts += alike
    if differ:
        parts.append(f"{listed(differ)} {'differs' if len(differ) == 1 else 'differ'}")
    return "; ".join(parts) or "nothing to compare"


def listed(words: Iterable[str], /) -> str:
    """Join words as a sentence does.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def counted(number: int, one: str, many: str = "", /) -> str:
    """Write a number with its noun.

    >>> counted(1, "student"), counted(1234, "student"), counted(2, "entry", "entries")
    ('1 student', '1,234 students', '2 entries')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _field(name: str) -> str:
    return FIELD_WORDS.get(name, name.replace("_", " "))
