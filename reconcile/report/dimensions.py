"""By what students are counted: college, term, program, what the extract has; and by what they never are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from reconcile.columns import plain
from reconcile.errors import InputError

NOT_STATED: Final = "not stated"
MOST: Final = 60  # values that are listed; the rest stand together
TOO_MANY: Final = 500  # so many values name people rather than groups of them
COUNTED: Final = ("why", "group", "none_found", "exists", "unusable", "value")  # beside a student's own
_TERMS: Final = "terms"
_CREDIT: Final = {"true": "credit", "false": "noncredit"}

# Columns that a run keeps of each student, and what a reader calls them.
KEPT: Final = {"college": "College", _TERMS: "Term", "credit": "Credit or noncredit"}

# What a reader may ask for, and how extracts are wont to call it.
USUAL: Final[dict[str, tuple[str, ...]]] = {
    "Program": (
        "program", "program_code", "acad_program", "acad_programs", "acad_prog", "acad_plan", "major",
        "majr_code", "sgbstdn_program_1", "sgbstdn_majr_code_1", "stu_acad_programs", "stpr_program",
    ),
    "Dual enrollment": (
        "dual_enrollment", "dual_enrolled", "dual_enroll", "dual_enr", "dual_enr_ind", "dual_enrollment_ind",
        "special_admit", "k12_special_admit", "concurrent_enrollment", "ccap", "ccap_ind", "hs_student",
    ),
}  # fmt: skip

_FEW: Final = "a table by it explains no missing CCCID, and can point at people whom that may harm"
_WHO: Final = "it tells people apart and puts them into no groups"
# What is refused, whatever the SIS calls it: what it is, why, parts of a column's name, whole words of it.
_REFUSED: Final[tuple[tuple[str, str, tuple[str, ...], set[str]], ...]] = (
    ("citizenship or immigration", _FEW, (
        "citiz", "citz", "immigr", "visatype", "visacode", "visastat", "visapermit", "ab540", "undocument",
        "dreamact", "nationality", "sevis"), {"daca", "visa", "alien", "i20"}),
    ("an SSN or its absence", _FEW, ("socialsec", "nationalid", "taxid", "taxpayer"), {"ssn", "itin", "tin"}),
    ("homelessness", _FEW, (
        "homeless", "unhoused", "nopermanentaddr", "nopermaddr", "nomailingaddr", "housingstat",
        "housinginsec", "mckinney", "shelter"), {"unsheltered"}),
    ("incarceration", _FEW, (
        "incarcer", "inmate", "correctional", "cdcr", "parolee", "detention", "juvenilehall",
        "risingscholar", "justiceimpact", "justiceinvolve"), {"prison", "jail", "parole", "prisoner"}),
    ("the reason why an account was asked for", _FEW, ("usecase", "cannotselfserve", "identitycheck"), set()),
    ("personal data", _WHO, (
        "birth", "email", "phone", "firstname", "lastname", "middlename", "surname", "fullname",
        "preferredname", "street", "address", "sisid", "studentid", "pidm", "emplid", "cccid", "username",
        "password"), {"dob"}),
)  # fmt: skip
_SSN: Final = re.compile(r"(?i)^(no|has)?ssn|ssn$")  # within a word: NOSSN, SSNEXCEPTION, STUDENTSSN


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """Students in scope, and those without a usable CCCID, by one dimension.

    Attributes:
        title: what a reader calls it.
        frame: value, in_scope, without, none_found, exists (certainly or perhaps), unusable; most without
            first, terms by their code, what is not stated last.
        values: how many there are, those that stand together in one row included.
        overlaps: some students stand in several rows.
    """

    title: str
    frame: pl.DataFrame = field(repr=False)
    values: int
    overlaps: bool = False

    @property
    def called(self) -> str:
        """Its title within a sentence; a column of the extract keeps its letters."""
        ours = self.title in KEPT.values() or self.title in USUAL
        return self.title.lower() if ours else self.title


def require_dimension(name: str, /) -> str:
    """Give a column's name back, or say why no student is counted by it.

    Raises:
        InputError: it is about citizenship, SSNs, homelessness, incarceration or a single person.

    >>> require_dimension("PROGRAM_CODE")
    'PROGRAM_CODE'
    """
    told, words = plain(name), _words(name)
    found = next(
        (
            (what, why)
            for what, why, parts, whole in _REFUSED
            if any(part in told for part in parts) or words & whole
        ),
        ("an SSN or its absence", _FEW) if any(_SSN.search(word) for word in words) else None,
    )
    if found is not None:
        raise InputError(
            f'Students are not counted by "{name}": it speaks of {found[0]}, and {found[1]}. '
            "Name another column, such as the program."
        )
    return name


def _words(name: str) -> set[str]:
    """Take a column's name apart into its words.

    >>> sorted(_words("SPBPERS_CitzCode"))
    ['citz', 'code', 'spbpers']
    """
    return set(re.split(r"[\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).casefold())) - {""}


def breakdown(scope: pl.DataFrame, column: str, /) -> Breakdown | None:
    """Count the students in scope by a column; None where nobody has a value.

    Args:
        scope: the students in scope, with why (null for those with a usable CCCID), none_found, exists and
            unusable (true or false).
        column: of texts, or of lists of texts.

    Raises:
        InputError: the column is refused, or has too many values.
    """
    require_dimension(column)
    if column not in scope.columns or scope[column].null_count() == scope.height:
        return None
    listed = isinstance(scope.schema[column], pl.List)
    value = pl.col(column).replace(_CREDIT) if column == "credit" else pl.col(column)
    rows = scope.with_columns(value=value)
    if listed:
        rows = rows.explode("value", empty_as_null=True)
    counted = (
        rows.with_columns(pl.col("value").cast(pl.String).fill_null(NOT_STATED))
        .group_by("value")
        .agg(
            in_scope=pl.len().cast(pl.Int64),
            without=pl.col("why").is_not_null().sum().cast(pl.Int64),
            **{name: pl.col(name).sum().cast(pl.Int64) for name in ("none_found", "exists", "unusable")},
        )
    )
    values = counted.height
    if values > TOO_MANY:
        raise InputError(
            f'"{column}" has {values:,} different values, too many for groups of students. '
            "Name a column with fewer, such as the program."
        )
    unstated = pl.col("value") == NOT_STATED
    order = ["value"] if column in (_TERMS, "credit") else [-pl.col("without"), -pl.col("in_scope"), "value"]
    ordered = counted.sort(unstated, *order)
    overlaps = int(counted["in_scope"].sum()) > scope.height
    title = KEPT.get(column, column)
    return Breakdown(title=title, frame=_together(ordered), values=values, overlaps=overlaps)


def _together(ordered: pl.DataFrame) -> pl.DataFrame:
    """Add up the values beyond those that are listed in one row; what is not stated stays by itself."""
    unstated = ordered.filter(pl.col("value") == NOT_STATED)
    stated = ordered.filter(pl.col("value") != NOT_STATED)
    room = MOST - unstated.height
    if stated.height <= room:
        return ordered
    rest = stated.slice(room - 1)
    named = rest.select(pl.exclude("value").sum()).with_columns(value=pl.lit(f"the other {rest.height:,}"))
    return pl.concat([stated.head(room - 1), named.select(ordered.columns), unstated])
