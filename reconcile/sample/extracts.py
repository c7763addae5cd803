"""Lays SIS records out as the three systems are extracted; the columns are described in layouts.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from reconcile.sample import layouts, numbers
from reconcile.sample.kinds import Mask, Rows, column
from reconcile.sample.people import days_of, iso

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from reconcile.sample.habits import Text
    from reconcile.sample.students import Students

_MONTHS: Final = dict(
    zip(
        (f"{month:02}" for month in range(1, 13)),
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
        strict=True,
    )
)
_OTHER_CODES: Final = {"banner": ("LEGC", "DMVN"), "colleague": ("LEG", "DMV"), "peoplesoft": ("DMV", "DMV")}
_SUMMER_ENDS: Final = 7


class Extract(NamedTuple):
    """A SIS file: its rows, its encoding, and how lines end there."""

    table: pl.DataFrame
    encoding: str
    line_end: str


def sis_ids(numbers_: Rows, sis: str) -> pl.Series:
    """Write SIS ids as the system does; 0 stands for none."""
    text = pl.Series(numbers_).cast(pl.String)
    made = {
        "banner": "@" + text.str.zfill(8),
        "colleague": text.str.zfill(7),
        "peoplesoft": "1" + text.str.zfill(7),
    }[sis]
    return made.set(pl.Series(numbers_ == 0), None)


def term_codes(as_of: date, sis: str) -> tuple[str, str]:
    """Name the term of a day and the one before, as each system's colleges do."""
    year, fall = as_of.year, as_of.month > _SUMMER_ENDS
    seasons = [(year, "fall"), (year, "spring")] if fall else [(year, "spring"), (year - 1, "fall")]
    return (_term(*seasons[0], sis), _term(*seasons[1], sis))


def _term(year: int, season: str, sis: str) -> str:
    if sis == "colleague":
        return f"{year}{'FA' if season == 'fall' else 'SP'}"
    if sis == "peoplesoft":
        return f"2{year % 100:02}{8 if season == 'fall' else 2}"
    return f"{year}{10 if season == 'fall' else 20}"


def extract(rng: np.random.Generator, students: Students, as_of: date, sis: str) -> Extract:
    """Write the students as `sis` is extracted."""
    now, before = term_codes(as_of, sis)
    base = students.frame().with_columns(
        row=pl.Series(range(len(students)), dtype=pl.Int64),
        sis_id=sis_ids(students.number, sis),
        former_id=sis_ids(students.former_number, sis),
        terms=column(students["terms"]).str.replace("now", now).str.replace("before", before),
    )
    return _WRITERS[sis](base, _ids(rng, students, as_of, sis), students)


def _ids(rng: np.random.Generator, students: Students, as_of: date, sis: str) -> pl.DataFrame:
    """List row, code, value, effdt of every additional id, CCCIDs first."""
    count, today = len(students), days_of(as_of)
    row = pl.Series(range(count), dtype=pl.Int64)
    since = today - rng.integers(30, 2000, count)
    held = (
        pl.DataFrame({"row": row, "value": column(students["cccids"]), "effdt": column(iso(since))})
        .drop_nulls("value")
        .with_columns(pl.col("value").str.split("|"), code=pl.lit(layouts.CCCID_CODE[sis]))
        .explode("value")
    )
    parts = [held]
    for code, share, prefix in zip(_OTHER_CODES[sis], (0.10, 0.03), ("L", "D"), strict=True):
        rows = np.flatnonzero(rng.random(count) < share)
        value = prefix + pl.Series(rng.integers(10_000, 10_000_000, len(rows))).cast(pl.String)
        parts.append(_part(rows, value, iso(since[rows]), code))
    if sis == "peoplesoft":
        parts += _dated(rng, students, since, today)
        former = np.flatnonzero(students.former_number)
        parts.append(_part(former, sis_ids(students.former_number[former], sis), iso(since[former]), "OLD"))
    return pl.concat([part.select("row", "code", "value", "effdt") for part in parts]).sort(
        "row", maintain_order=True
    )


def _part(rows: Rows, values: pl.Series, effdt: Text, code: str) -> pl.DataFrame:
    return pl.DataFrame(
        {"row": pl.Series(rows, dtype=pl.Int64), "value": values, "effdt": pl.Series(effdt, dtype=pl.String)}
    ).with_columns(code=pl.lit(code))


def _dated(
    rng: np.random.Generator,
    students: Students,
    since: Rows,
    today: int,
) -> list[pl.DataFrame]:
    """Add CCCIDs that an effective date takes out of force: superseded ones, and some of the future."""
    code, held = layouts.CCCID_CODE["peoplesoft"], ~students.has("cccid_absent")
    chance = rng.random(len(students))
    old, coming = np.flatnonzero(held & (chance < 0.06)), np.flatnonzero(held & (chance > 0.99))  # noqa: PLR2004
    earlier = iso(since[old] - rng.integers(100, 900, len(old)))
    later = iso(today + rng.integers(10, 200, len(coming)))
    made = []
    for rows, dates in ((old, earlier), (coming, later)):
        other = numbers.cccid_texts(numbers.cccids(rng, len(rows)))
        made.append(_part(rows, column(rng.permutation(other)), dates, code))
    return made


def _day_month(text: pl.Expr) -> pl.Expr:
    months = text.str.slice(5, 2).replace(_MONTHS)
    return text.str.slice(8) + "-" + months + "-" + text.str.head(4)


def _slashed(text: pl.Expr) -> pl.Expr:
    return text.str.slice(5, 2) + "/" + text.str.slice(8) + "/" + text.str.head(4)


def _hyphened(ssn: pl.Expr) -> pl.Expr:
    return ssn.str.head(3) + "-" + ssn.str.slice(3, 2) + "-" + ssn.str.slice(5)


def _dashed(phone: pl.Expr, mark: str) -> pl.Expr:
    return phone.str.head(3) + mark + phone.str.slice(3, 3) + "-" + phone.str.slice(6)


def _state() -> pl.Expr:
    return pl.when(pl.col("street").is_not_null()).then(pl.lit("CA"))


def _history(base: pl.DataFrame, *, former_ids: bool) -> pl.DataFrame:
    """Repeat persons for every name or id that they had: columns `was` ("", "N", "I"), names and id."""
    named = base.filter(pl.col("former_last").is_not_null()).with_columns(
        last=pl.col("former_last"), first=pl.coalesce("former_first", "first"), was=pl.lit("N")
    )
    parts = [base.with_columns(was=pl.lit("")), named]
    if former_ids:
        renumbered = base.filter(pl.col("former_id").is_not_null())
        parts.append(renumbered.with_columns(sis_id=pl.col("former_id"), was=pl.lit("I")))
    return pl.concat(parts).sort("row", maintain_order=True)


def _each_term(base: pl.DataFrame) -> pl.DataFrame:
    return base.with_columns(pl.col("terms").str.split(" ")).explode("terms")


def _banner(base: pl.DataFrame, ids: pl.DataFrame, _students: Students) -> Extract:
    rows = _each_term(_history(base, former_ids=True)).join(
        ids, on="row", how="left", maintain_order="left_right"
    )
    col = pl.col
    made = {
        "SPRIDEN_PIDM": (col("row") * 7 + 1_000_003).cast(pl.String),
        "SPRIDEN_ID": col("sis_id"),
        "SPRIDEN_LAST_NAME": col("last"),
        "SPRIDEN_FIRST_NAME": col("first"),
        "SPRIDEN_MI": col("middle"),
        "SPRIDEN_CHANGE_IND": col("was").replace("", None),
        "SPBPERS_NAME_SUFFIX": col("suffix"),
        "SPBPERS_PREF_FIRST_NAME": col("preferred"),
        "SPBPERS_BIRTH_DATE": _day_month(col("birthdate")),
        "SPBPERS_SSN": col("ssn"),
        "SPBPERS_DEAD_IND": pl.when(col("deceased").is_not_null()).then(pl.lit("Y")),
        "SPBPERS_CONFID_IND": col("confidential"),
        "GOREMAL_EMAIL_ADDRESS": col("email"),
        "SPRTELE_PHONE": col("phone"),
        "SPRADDR_STREET_LINE1": col("street"),
        "SPRADDR_CITY": col("city"),
        "SPRADDR_STAT_CODE": _state(),
        "SPRADDR_ZIP": col("zip"),
        "GORADID_ADID_CODE": col("code"),
        "GORADID_ADDITIONAL_ID": col("value"),
        "SSID": col("ssid"),
        "CAMPUS": col("college"),
        "TERM_CODE": col("terms"),
        "ENROLLED_IND": col("enrolled"),
        "CREDIT_IND": col("credit"),
        "PERSON_TYPE": col("person_type"),
        "HOLD_CODE": col("hold"),
    }
    return Extract(rows.select(made[name].alias(name) for name in layouts.BANNER), "cp1252", "\r\n")


def _colleague(base: pl.DataFrame, ids: pl.DataFrame, students: Students) -> Extract:
    lists = ids.group_by("row", maintain_order=True).agg(pl.col("value"), pl.col("code"))
    short = _mismatched(students, lists)
    lists = lists.with_columns(
        value=pl.col("value").list.join("|"),
        code=pl.when(pl.col("row").is_in(short))
        .then(pl.col("code").list.head(pl.col("code").list.len() - 1))
        .otherwise("code")
        .list.join("|"),
    )
    rows, col = base.join(lists, on="row", how="left", maintain_order="left"), pl.col
    made = {
        "ID": col("sis_id"),
        "LAST.NAME": col("last"),
        "FIRST.NAME": col("first"),
        "MIDDLE.NAME": col("middle"),
        "SUFFIX": col("suffix"),
        "CHOSEN.FIRST.NAME": col("preferred"),
        "NAME.HISTORY.LAST.NAME": col("former_last"),
        "NAME.HISTORY.FIRST.NAME": col("former_first"),
        "FORMER.IDS": col("former_id"),
        "BIRTH.DATE": _slashed(col("birthdate")),
        "SSN": _hyphened(col("ssn")),
        "DECEASED.DATE": _slashed(col("deceased")),
        "PRIVACY.FLAG": col("confidential"),
        "PERSON.PREFERRED.EMAIL": col("email"),
        "PERSONAL.PHONE.NUMBER": _dashed(col("phone"), "-"),
        "ADDRESS.LINES": col("street"),
        "CITY": col("city"),
        "STATE": _state(),
        "ZIP": col("zip"),
        "PERSON.ALT.IDS": col("value"),
        "PERSON.ALT.ID.TYPES": col("code"),
        "SSID": col("ssid"),
        "COLLEGE": col("college"),
        "TERMS": col("terms").str.replace_all(" ", "|"),
        "ENROLLED": col("enrolled"),
        "CREDIT": col("credit"),
        "PERSON.TYPE": col("person_type"),
        "RESTRICTION": col("hold"),
    }
    return Extract(rows.select(made[name].alias(name) for name in layouts.COLLEAGUE), "utf-8", "\n")


def _mismatched(students: Students, lists: pl.DataFrame) -> list[int]:
    """Choose rows that lose the type of their last id, which is never a CCCID."""
    code = layouts.CCCID_CODE["colleague"]
    long = lists.filter((pl.col("code").list.len() > 1) & (pl.col("code").list.last() != code))
    rows = long["row"].to_numpy()[::12]
    which: Mask = np.zeros(len(students), dtype=bool)
    which[rows] = True
    students.mark(which, "multivalue_mismatch")
    return [int(row) for row in rows]


def _peoplesoft(base: pl.DataFrame, ids: pl.DataFrame, _students: Students) -> Extract:
    rows = _each_term(_history(base, former_ids=False)).join(
        ids, on="row", how="left", maintain_order="left_right"
    )
    col = pl.col
    made = {
        "EMPLID": col("sis_id"),
        "NAME_TYPE": pl.when(col("was") == "N").then(pl.lit("FRM")).otherwise(pl.lit("PRI")),
        "LAST_NAME": col("last"),
        "FIRST_NAME": col("first"),
        "MIDDLE_NAME": col("middle"),
        "NAME_SUFFIX": col("suffix"),
        "PREF_FIRST_NAME": col("preferred"),
        "BIRTHDATE": col("birthdate"),
        "NATIONAL_ID": _hyphened(col("ssn")),
        "DT_OF_DEATH": col("deceased"),
        "FERPA": col("confidential"),
        "EMAIL_ADDR": col("email"),
        "PHONE": _dashed(col("phone"), "/"),
        "ADDRESS1": col("street"),
        "CITY": col("city"),
        "STATE": _state(),
        "POSTAL": col("zip"),
        "EXTERNAL_SYSTEM": col("code"),
        "EXTERNAL_SYSTEM_ID": col("value"),
        "EFFDT": col("effdt"),
        "SSID": col("ssid"),
        "INSTITUTION": col("college"),
        "STRM": col("terms"),
        "ENROLLED": col("enrolled"),
        "CREDIT": col("credit"),
        "PERSON_TYPE": col("person_type"),
        "SRVC_IND_CD": col("hold"),
    }
    return Extract(rows.select(made[name].alias(name) for name in layouts.PEOPLESOFT), "utf-8-sig", "\n")


_WRITERS: Final[dict[str, Callable[[pl.DataFrame, pl.DataFrame, Students], Extract]]] = {
    "banner": _banner,
    "colleague": _colleague,
    "peoplesoft": _peoplesoft,
}
