"""Column names that speak of SSNs."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from reconcile.columns import SSN_DERIVED, plain

_WHOLE: Final = frozenset(
    {
        "ssn", "ssnno", "ssnnumber", "ssndisplay", "ssntin", "ssnitin", "studentssn", "personssn",
        "spbpersssn", "socialsecurity", "socialsecuritynumber", "socialsecurityno", "socsecno",
        "nationalid", "tin", "itin", "taxid", "taxpayerid",
    }
)  # fmt: skip
# Our own columns about SSNs: flags, and what is kept in place of a number.
_OURS: Final = frozenset({"ssn_no", "ssn_exception", *SSN_DERIVED})
# "SSN2", "SS#", "Soc Sec Num", "Student SSN#", "studentSsn"; neither "session" nor "Assn" nor "lessons".
_WORD: Final = re.compile(r"(^| )(ssn|ssns|ss ?#|soc(ial)? ?sec(urity)?)( |#|$)")
_BETWEEN: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|[^A-Za-z0-9#]+")


class Naming(StrEnum):
    """What a column's name says of SSNs.

    Attributes:
        HOLDS: that it holds them.
        SPEAKS: a word of it does; the values decide.
        OURS: that it is a flag, or what we keep in place of a number.
        SILENT: nothing.
    """

    HOLDS = "holds"
    SPEAKS = "speaks"
    OURS = "ours"
    SILENT = "silent"


def ssn_naming(column: str, /) -> Naming:
    """Say whether a column of this name holds SSNs, or only speaks of them.

    >>> [ssn_naming(name).value for name in ("Social Security Number", "SSN Last 4", "ssn_no", "session")]
    ['holds', 'speaks', 'ours', 'silent']
    """
    if column in _OURS:
        return Naming.OURS
    if plain(column) in _WHOLE:
        return Naming.HOLDS
    if _WORD.search(_BETWEEN.sub(" ", column).lower()):
        return Naming.SPEAKS
    return Naming.SILENT
