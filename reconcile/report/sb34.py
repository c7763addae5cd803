"""The SB34 worksheet: which CCCID to report to MIS for whom, held against what was reported before.

One row a college (GI01), term (GI03) and student. Sources: GI01 and GI03 as the MIS Edit Error Reference
Guide has them, SB34 (STUDENT-CCC-ID) eight characters wide since the memo of March 2018. Which code stands
for a student without a CCCID is not public, so it is a setting without a default.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.cccid import well_formed
from reconcile.columns import SisCccid, Status
from reconcile.errors import InputError
from reconcile.report.corrections import KEY, corrections, last_submitted, require_columns, submitted_rows
from reconcile.report.filled import draw_parts
from reconcile.report.suppress import publish
from reconcile.show import Listing, Sheet, Shown
from reconcile.words import WORDINGS, counted, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.report.chart import Drawing

WIDTH: Final = 8  # characters of SB34
WORKSHEET: Final = ("GI01", "GI03", "sis_id", "SB00", "SB34", "status", "why")
_COLLEGE: Final = r"^[0-9A-Z]{3}$"
_TERM: Final = re.compile(r"[0-9]{3}")
_SHOWN: Final = 40  # lines of a table in a notebook
_STATED: Final = 5  # codes that a message names
# What the registry gave counts before the SIS has it: the number is the student's.
_GIVEN: Final = (Status.PENDING_LOAD, Status.RECOVERABLE, Status.MINTABLE)


@dataclass(frozen=True, kw_only=True)
class MisSettings:
    """What a college has to say before a worksheet can be made.

    Attributes:
        missing: what stands in SB34 for a student without a CCCID, eight characters.
        terms: the college's own term code -> GI03, such as {"202710": "267"}.
        partial: the snapshot does not hold all accounts, so that a CCCID that is not in it is reported all
            the same, as the SIS has it.

    Raises:
        InputError: the code is not eight characters wide or is a CCCID, or a GI03 is not three digits.
    """

    missing: str
    terms: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    partial: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that would make a wrong submission."""
        problems = []
        if len(self.missing) != WIDTH or not self.missing.isascii() or not self.missing.isalnum():
            problems.append(f"the code for a missing CCCID has to be {WIDTH} letters or digits wide")
        elif re.fullmatch(r"[A-Z]{3,4}[0-9]{4,5}", self.missing):
            problems.append("the code for a missing CCCID looks like a CCCID")
        problems += [
            f'GI03 of term "{term}" has to be three digits: the year in two, then the term'
            for term, code in self.terms.items()
            if not _TERM.fullmatch(code)
        ]
        if problems:
            raise InputError(f"Under [mis] in the plan {listed(problems)}. Correct it there.")


@dataclass(frozen=True, kw_only=True, repr=False)
class Sb34(Shown):
    """A worksheet and what was found while it was made.

    Attributes:
        worksheet: GI01, GI03, sis_id, SB00 (null unless SB01 is C), SB34, status, why (null where SB34 is a
            CCCID), by these three keys.
        corrections: GI01, GI03, sis_id, old_SB34, new_SB34, kind, reason, of earlier submissions; kind is
            "add", "replace", "withdraw", or "decide" where a person has to decide first (new_SB34 is null).
            Of several submissions of one student, college and term the last counts.
        submitted: what, count: what became of the rows of earlier submissions; no row without any.
        shares: GI01, GI03, students, with_cccid, share.
        checks: check, result ("passed" or "failed"), found, what to do.
        rows: what, students or rows: how the rows of the worksheet come about.
    """

    worksheet: pl.DataFrame
    corrections: pl.DataFrame
    submitted: pl.DataFrame
    shares: pl.DataFrame
    checks: pl.DataFrame
    rows: pl.DataFrame

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return bool((self.checks["result"] == "passed").all())

    @property
    def published(self) -> pl.DataFrame:
        """The shares as they may be published: college_and_term, with_cccid, without, total, as text."""
        counts = self.shares.select(
            pl.format("{} {}", pl.col("GI01").fill_null("no college"), "GI03").alias("college_and_term"),
            "with_cccid",
            without=pl.col("students") - pl.col("with_cccid"),
        )
        return publish(counts, name="college_and_term", counts=("with_cccid", "without"))

    @property
    def chart(self) -> Drawing:
        """The share of students with a CCCID, a bar a college and term."""
        bars = [
            {
                "name": f"{row['GI01'] or 'no college'} · {row['GI03']}",
                "share": row["share"],
                "label": f"{row['share']:.1%} of {row['students']:,}",
            }
            for row in self.shares.iter_rows(named=True)
        ]
        title = "Students with a CCCID to report"
        spoken = f"{title}: " + "; ".join(f"{bar['name']} {bar['label']}" for bar in bars) + "."
        return draw_parts(bars, title=title, spoken=spoken)

    @property
    def reasons(self) -> Listing:
        """How many rows have the code for none, by reason."""
        found = self.worksheet.drop_nulls("why").group_by("why").len("rows")
        return _listing(
            found.sort("rows", "why", descending=[True, False]), "Rows without a CCCID, by reason", "reason"
        )

    @property
    def for_publication(self) -> Listing:
        """`published` as a table that shows itself."""
        return _listing(self.published, "Students with a CCCID, for publication", "line")

    @property
    def to_correct(self) -> Listing:
        """How many corrections there are of each kind and reason; `corrections` lists them."""
        found = self.corrections.group_by("kind", "reason").len("rows").select("kind", "rows", "reason")
        return _listing(found.sort("kind", "reason"), "Corrections of earlier submissions", "line")

    def _sheet(self) -> Sheet:
        share = Sheet(frame=self.shares, title="Students with a CCCID, by college and term", unit="term")
        count = counted(self.corrections.height, "correction")
        note = f"{counted(self.worksheet.height, 'row')} in the worksheet, {count} of earlier submissions."
        below: tuple[Sheet, ...] = (
            Sheet(frame=self.rows, title="How the rows come about", unit="line"),
            share,
        )
        if self.submitted.height:
            below += (Sheet(frame=self.submitted, title="Rows of earlier submissions", unit="line"),)
        return Sheet(frame=self.checks, title="SB34 worksheet", note=note, unit="check", below=below)


def _listing(frame: pl.DataFrame, title: str, unit: str) -> Listing:
    return Listing(frame=frame, sheet=Sheet(frame=frame, title=title, unit=unit, rows=_SHOWN))


def sb34(
    students: pl.DataFrame,
    crosswalk: pl.DataFrame,
    /,
    *,
    settings: MisSettings,
    colleges: tuple[str, ...] = (),
    terms: tuple[str, ...] = (),
    identifiers: pl.DataFrame | None = None,
    submitted: pl.DataFrame | None = None,
) -> Sb34:
    """Make the worksheet of a run.

    Args:
        students: a run's students: sis_id, status, sis_cccid, cccid, college, terms (joined by ";").
        crosswalk: a run's crosswalk: sis_id, cccid, current.
        settings: what stands for a missing CCCID, and the terms.
        colleges: the population's; one alone stands in where a student has none.
        terms: the population's, in the college's own codes; all that students have when empty.
        identifiers: sis_id, SB01, SB00 where the college has them; SB00 is taken only where SB01 is C. Where
            it is an SSN the college's own job joins on the SIS id.
        submitted: earlier submissions: GI01, GI03, sis_id, SB34.

    Raises:
        InputError: a term has no GI03, or a table lacks a column.
    """
    scope = students.filter(pl.col("status") != Status.OUT_OF_SCOPE.value)
    numbers = _numbers(scope, crosswalk, settings)
    only = colleges[0] if len(colleges) == 1 else None
    stated = numbers.with_columns(GI01=pl.col("college").fill_null(pl.lit(only, pl.String)))
    by_term = stated.with_columns(term=pl.col("terms").str.split(";")).explode("term", empty_as_null=True)
    wanted = by_term.filter(pl.col("term").is_in(list(terms))) if terms else by_term.drop_nulls("term")
    _require_terms(wanted["term"], settings)
    worksheet = (
        wanted.with_columns(GI03=pl.col("term").replace_strict(dict(settings.terms), return_dtype=pl.String))
        .join(_identifiers(identifiers), on="sis_id", how="left")
        .select(*WORKSHEET)
        .sort(*KEY, nulls_last=True)
    )
    without = stated.height - wanted["sis_id"].n_unique()
    before = last_submitted(submitted)
    found = corrections(before, stated, missing=settings.missing)
    return Sb34(
        worksheet=worksheet,
        corrections=found,
        submitted=submitted_rows(submitted, before, stated, found),
        shares=_shares(worksheet, settings),
        checks=_checks(worksheet, settings),
        rows=_rows(students, scope, without, worksheet),
    )


def _numbers(scope: pl.DataFrame, crosswalk: pl.DataFrame, settings: MisSettings) -> pl.DataFrame:
    """Choose each student's number: the one that counts, else the code for none and the reason."""
    current = crosswalk.filter(pl.col("current") == "yes").select("sis_id", number="cccid")
    given = pl.col("status").is_in([status.value for status in _GIVEN])
    fact = pl.col("sis_cccid")
    # A number that agrees is the student's, whatever else is open about the record.
    held = (fact == SisCccid.AGREES.value) | (
        pl.lit(settings.partial) & (fact == SisCccid.NOT_IN_SNAPSHOT.value)
    )
    found = pl.when(given).then("number").when(held).then("cccid")
    titles = {status.value: words.title for status, words in WORDINGS.items()}
    return (
        scope.join(current, on="sis_id", how="left")
        .with_columns(SB34=pl.when(well_formed(found, wide=True)).then(found))
        .with_columns(
            SB34=pl.col("SB34").fill_null(settings.missing),
            why=pl.when(pl.col("SB34").is_null()).then(
                pl.col("status").replace_strict(titles, return_dtype=pl.String)
            ),
        )
    )


def _require_terms(terms: pl.Series, settings: MisSettings) -> None:
    unmapped = sorted(set(terms.unique()) - settings.terms.keys())
    if unmapped:
        named = ", ".join(f'"{term}"' for term in unmapped[:_STATED])
        more = f" and {len(unmapped) - _STATED} more" if len(unmapped) > _STATED else ""
        raise InputError(
            f"{counted(len(unmapped), 'term')} of the extract {'has' if len(unmapped) == 1 else 'have'} no "
            f"GI03: {named}{more}. Say under [mis.terms] which GI03 each is, or name the terms wanted under "
            "[population] terms."
        )


def _identifiers(given: pl.DataFrame | None) -> pl.DataFrame:
    """Take SB00 where it is the college's own identifier; where it is an SSN it is never looked at."""
    if given is None:
        return pl.DataFrame(schema={"sis_id": pl.String, "SB00": pl.String})
    require_columns(given, ("sis_id", "SB01", "SB00"), "identifiers")
    own = given.filter(pl.col("SB01") == "C").select("sis_id", "SB00").unique("sis_id", keep="none")
    return own.drop_nulls()


def _shares(worksheet: pl.DataFrame, settings: MisSettings) -> pl.DataFrame:
    has = pl.col("SB34") != settings.missing
    return (
        worksheet.group_by("GI01", "GI03")
        .agg(students=pl.len().cast(pl.Int64), with_cccid=has.sum().cast(pl.Int64))
        .with_columns(share=pl.col("with_cccid") / pl.col("students"))  # rounded once, where it is shown
        .sort("GI01", "GI03", nulls_last=True)
    )


def _checks(worksheet: pl.DataFrame, settings: MisSettings) -> pl.DataFrame:
    value = pl.col("SB34")
    shaped = well_formed(value, wide=True) | (value == settings.missing)
    holds = worksheet.filter(value != settings.missing)
    shared = holds.filter(pl.struct("GI01", "GI03", "SB34").is_duplicated())
    found = (
        (
            "Each student stands once in a college and term",
            worksheet.filter(pl.struct(*KEY).is_duplicated()).height,
            "Look in the extract for a student's term that stands twice.",
        ),
        (
            "GI01 is three characters",
            worksheet.filter(~pl.col("GI01").str.contains(_COLLEGE).fill_null(value=False)).height,
            "Name the college in the extract, or one college alone under [population] colleges.",
        ),
        (
            "SB34 is a CCCID or the code for none",
            worksheet.filter(~shaped).height,
            "Correct the CCCID in the SIS and run the plan again.",
        ),
        (
            "No CCCID stands on two students of a college and term",
            shared.height,
            "Run the plan again: such students are set aside as duplicates or shared.",
        ),
        (
            "SB00 is filled only where it is no SSN",
            worksheet.filter(pl.col("SB00").str.contains(r"^[0-9]{3}-[0-9]{2}-[0-9]{4}$")).height,
            "Correct SB01 of these students: an SSN is never written here.",
        ),
    )
    return pl.DataFrame(
        [
            (check, "failed" if count else "passed", count, remedy if count else "")
            for check, count, remedy in found
        ],
        schema={"check": pl.String, "result": pl.String, "rows": pl.Int64, "what_to_do": pl.String},
        orient="row",
    )


def _rows(students: pl.DataFrame, scope: pl.DataFrame, without: int, worksheet: pl.DataFrame) -> pl.DataFrame:
    reported = worksheet["sis_id"].n_unique()
    return pl.DataFrame(
        [
            ("students of the run", students.height),
            ("of these not in the population", students.height - scope.height),
            ("in the population, but in none of the terms", without),
            ("students of the worksheet", reported),
            ("rows of the worksheet, one a term", worksheet.height),
        ],
        schema={"what": pl.String, "count": pl.Int64},
        orient="row",
    )
