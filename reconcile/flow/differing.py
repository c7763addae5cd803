"""Which accounts of two snapshots differ: told in the engine, so that only those come into memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.cccid import well_formed
from reconcile.engine import Table
from reconcile.errors import InputError
from reconcile.sql import quote
from reconcile.validate.changes import CHANGING

if TYPE_CHECKING:
    from reconcile.engine import Engine

_TIME: Final = "_timestamp"
_SIDES: Final = ("earlier", "later")
_NAME: Final = r"lower(regexp_replace(concat(first_name, '|', last_name), '[\s\p{Z}]', '', 'g'))"

_NUMBERS: Final = "SELECT cccid, count(*) AS rows FROM {side} GROUP BY 1"
_STANDING: Final = """
    SELECT coalesce(e.cccid, l.cccid) AS cccid, coalesce(e.rows, 0) AS was, coalesce(l.rows, 0) AS now_is
    FROM (SELECT * FROM {earlier} WHERE cccid IS NOT NULL) e
    FULL JOIN (SELECT * FROM {later} WHERE cccid IS NOT NULL) l ON e.cccid = l.cccid
"""
_ALONE: Final = "SELECT cccid FROM {standing} WHERE was = ? AND now_is = ? ORDER BY cccid"
_SEVERAL: Final = """
    SELECT CAST(coalesce(sum(was), 0) AS BIGINT), CAST(coalesce(sum(now_is), 0) AS BIGINT)
    FROM {standing} WHERE was > 1 OR now_is > 1
"""
_ROWS: Final = "SELECT * FROM {side} WHERE cccid IN (SELECT cccid FROM {wanted}) ORDER BY cccid"
# Whose earlier holder has another account today: by number, else by name and birthdate as they stand.
_BY_NAME: Final = f"""
    SELECT DISTINCT o.cccid, l.cccid AS under
    FROM (SELECT cccid, birthdate, {_NAME} AS name FROM {{owners}}) o
    JOIN (SELECT cccid, birthdate, {_NAME} AS name FROM {{later}}) l
    ON o.name = l.name AND o.birthdate = l.birthdate WHERE o.cccid <> l.cccid
"""
_BY_SSN: Final = """
    SELECT DISTINCT o.cccid, l.cccid AS under FROM {owners} o JOIN {later} l ON o.ssn_hmac = l.ssn_hmac
    WHERE o.cccid <> l.cccid AND l.ssn_class = 'ok'
"""


@dataclass(frozen=True, kw_only=True)
class Differing:
    """Two snapshots counted, and the rows of the accounts that are not alike in both.

    Attributes:
        both: how many accounts are in both.
        vanished: CCCIDs in the earlier snapshot alone.
        new: CCCIDs in the later one alone.
        several: rows of the earlier and of the later whose CCCID stands on several rows of one of them, so
            that nobody can say what they are to be compared with.
        nameless: rows of the earlier and of the later without a CCCID.
        malformed: rows of the earlier and of the later whose CCCID breaks the format; compared all the same.
        before: earlier rows of the accounts that differ, and of those that vanished where asked for.
        after: later rows of the accounts that differ.
        lacking: columns of CHANGING that one of the two has not, so that nothing is told of them.
        latest: the last moment in the times of the earlier and of the later; ISO days, None without any.
    """

    both: int
    vanished: pl.Series = field(repr=False)
    new: pl.Series = field(repr=False)
    several: tuple[int, int]
    nameless: tuple[int, int]
    malformed: tuple[int, int]
    before: pl.DataFrame = field(repr=False)
    after: pl.DataFrame = field(repr=False)
    lacking: tuple[str, ...]
    latest: tuple[str | None, str | None]


def differing(engine: Engine, earlier: Table, later: Table, /, *, vanished: bool) -> Differing:
    """Compare two snapshots by CCCID, capitals and blanks around it apart.

    Args:
        engine: that holds both; the views earlier_accounts and later_accounts of them stay in it.
        earlier: cccid and what it has of CHANGING, several rows of one number included.
        later: likewise.
        vanished: whether the rows of accounts that are gone are wanted too.

    Raises:
        InputError: one of the two has no column cccid.
    """
    told = _told(earlier, later)
    sides = [_view(engine, *named, told) for named in zip(_SIDES, (earlier, later), strict=True)]
    was, now_is = (engine.sql(f"numbers_{side.name}", _NUMBERS, side=side) for side in sides)
    standing = engine.sql("standing", _STANDING, earlier=was, later=now_is)
    nameless = [
        engine.value("SELECT coalesce(max(rows), 0) FROM {side} WHERE cccid IS NULL", side=side)
        for side in (was, now_is)
    ]
    engine.drop(was, now_is)
    differs = _differs(told)
    wanted = engine.sql(
        "wanted",
        "SELECT e.cccid FROM {earlier} e JOIN {later} l ON e.cccid = l.cccid JOIN {standing} s "
        f"ON s.cccid = e.cccid WHERE s.was = 1 AND s.now_is = 1 AND ({differs})",
        earlier=sides[0], later=sides[1], standing=standing,
    )  # fmt: skip
    after = engine.frame(_ROWS, side=sides[1], wanted=wanted)
    gone, new = (
        engine.frame(_ALONE, *seen, standing=standing)["cccid"].cast(pl.String) for seen in ((1, 0), (0, 1))
    )
    if vanished:
        engine.run(
            f"INSERT INTO {quote(wanted.name)} SELECT cccid FROM standing WHERE was = 1 AND now_is = 0"
        )
    several = engine.frame(_SEVERAL, standing=standing).row(0)
    return Differing(
        both=engine.value("SELECT count(*) FROM {standing} WHERE was = 1 AND now_is = 1", standing=standing),
        vanished=gone,
        new=new,
        several=(several[0], several[1]),
        nameless=(nameless[0], nameless[1]),
        malformed=_malformed(engine, standing),
        before=engine.frame(_ROWS, side=sides[0], wanted=wanted),
        after=after,
        lacking=tuple(name for name in CHANGING if name not in told),
        latest=(_latest(engine, sides[0], told), _latest(engine, sides[1], told)),
    )


def elsewhere(engine: Engine, owners: pl.DataFrame, /) -> pl.DataFrame:
    """Find the accounts of the later snapshot that earlier holders of other accounts have: cccid, under.

    Args:
        engine: as `differing` left it.
        owners: earlier rows of accounts that vanished or are somebody else's now.
    """
    later = Table(engine, "later_accounts")
    columns = {*later.columns} & {*owners.columns}
    loaded = engine.load("owners", owners)
    found = [pl.DataFrame(schema={"cccid": pl.String, "under": pl.String})]
    for query, needed in (
        (_BY_SSN, {"ssn_hmac", "ssn_class"}),
        (_BY_NAME, {"first_name", "last_name", "birthdate"}),
    ):
        if needed <= columns:
            found.append(engine.frame(query, owners=loaded, later=later))
    return pl.concat(found).unique().sort("cccid", "under")


def _told(earlier: Table, later: Table) -> dict[str, str]:
    """Write the SQL of each column that both have; times of two kinds are compared as times."""
    kinds = (earlier.kinds, later.kinds)
    for kind, what in zip(kinds, _SIDES, strict=True):
        if "cccid" not in kind:
            raise InputError(
                f"The {what} snapshot has no column cccid, by which accounts are compared. Read it with the "
                "layout openccc, or rename the column."
            )
    told = {}
    for name in (*CHANGING, "ssn_class"):
        if all(name in kind for kind in kinds):
            text = f"CAST({quote(name)} AS VARCHAR)"
            told[name] = text
            if name.endswith(_TIME) and kinds[0][name] != kinds[1][name]:
                told[name] = f"coalesce(CAST(try_cast({text} AS TIMESTAMPTZ) AS VARCHAR), {text})"
    return told


def _differs(told: dict[str, str]) -> str:
    names = (quote(name) for name in told if name in CHANGING)
    return " OR ".join(f"e.{name} IS DISTINCT FROM l.{name}" for name in names) or "false"


def _view(engine: Engine, what: str, table: Table, told: dict[str, str]) -> Table:
    columns = ", ".join(f"{text} AS {quote(name)}" for name, text in told.items())
    more = f", {columns}" if columns else ""
    number = "upper(trim(CAST(cccid AS VARCHAR))) AS cccid"
    rows = f"SELECT {number}{more} FROM {quote(table.name)}"
    engine.run(f"CREATE OR REPLACE VIEW {what}_accounts AS {rows}")
    return Table(engine, f"{what}_accounts")


def _malformed(engine: Engine, standing: Table) -> tuple[int, int]:
    was = now_is = 0
    for batch in engine.batches("SELECT cccid, was, now_is FROM {standing}", standing=standing):
        rows = pl.DataFrame(batch).filter(~well_formed(pl.col("cccid"), wide=True))
        was, now_is = was + int(rows["was"].sum()), now_is + int(rows["now_is"].sum())
    return was, now_is


def _latest(engine: Engine, side: Table, told: dict[str, str]) -> str | None:
    times = [f"max(try_cast({quote(name)} AS TIMESTAMPTZ))" for name in told if name.endswith(_TIME)]
    if not times:
        return None
    most = f"greatest({', '.join(times)})" if len(times) > 1 else times[0]
    found = engine.value(f"SELECT CAST({most} AS VARCHAR) FROM {{side}}", side=side)
    return None if found is None else str(found)[:10]
