"""The rows that a batch is proposed with: what they must hold, what is kept, and their fingerprint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.cccid import WATERMARK, well_formed
from reconcile.columns import ACCOUNTS, CONSENT, NEVER_DELIVERED, PERSON, REQUEST, SET_ASIDE, SSN_DERIVED
from reconcile.errors import InputError
from reconcile.registry.canon import digest_parts, row_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

KEY: Final = ("college", "sis_id")
_REQUIRED: Final = ("kind", *KEY)
PART: Final = 10_000  # rows that are written out at a time: a batch may have a million
_ATTESTED: Final = ("attested_by", "attested_authority", "attested_on")
# What an account is made of, who attested that it may be made, what was asked for and why; SSNs never enter
# the registry in any form.
PAYLOAD: Final = tuple(
    dict.fromkeys(
        name
        for name in (*PERSON, *ACCOUNTS, *_ATTESTED, *REQUEST, *CONSENT, *SET_ASIDE)
        if name not in (*SSN_DERIVED, *NEVER_DELIVERED, "cccid", "former_names", "line")
    )
)


def fingerprint(rows: pl.DataFrame, /, *, wide: bool = False) -> str:
    """Hash exactly what a batch of these rows would hold, in whatever order the rows stand.

    Args:
        rows: as for `require_form`.
        wide: take the future's form of CCCIDs too, four letters and four digits.

    Raises:
        InputError: as `require_form`.
    """
    require_form(rows, wide=wide)
    return digest_parts(in_form(rows))


def hash_frame(rows: pl.DataFrame, /) -> str:
    """Hash the rows of a table as they stand."""
    return digest_parts(some.rows() for some in rows.iter_slices(PART))


def require_form(rows: pl.DataFrame, /, *, wide: bool = False) -> None:
    """Go on only when rows can be a batch.

    Args:
        rows: kind ("mint", "recover" or "replace"), college, sis_id, cccid (the number to write back, or
            the one that is given up for a new one) and the fields of `PAYLOAD` that a new account is made
            of; other columns are not kept.
        wide: take the future's form of CCCIDs too, four letters and four digits.

    Raises:
        InputError: every problem of the rows at once, by row number (the first row is 1).
    """
    missing = [name for name in _REQUIRED if name not in rows.columns]
    if missing:
        raise InputError(
            f"The proposed rows lack {', '.join(missing)}. Expected: kind, college, sis_id, "
            "cccid (of recoveries) and the fields of a new account."
        )
    _refuse(_text(rows), wide=wide)


def in_form(rows: pl.DataFrame, /) -> Iterator[list[tuple[Any, ...]]]:
    """Write rows in the form of a batch, in key order and in parts: college, sis_id, kind, cccid, payload."""
    fields = [pl.col(name) for name in PAYLOAD if name in rows.columns]
    payload = pl.struct(fields).struct.json_encode() if fields else pl.lit("{}")
    table = _text(rows)
    order = table.select(pl.arg_sort_by(*KEY)).to_series()
    for start in range(0, rows.height, PART):
        some = table[order.slice(start, PART)]
        yield some.select(*KEY, "kind", "cccid", payload=payload).rows()


def _text(rows: pl.DataFrame) -> pl.DataFrame:
    given = rows if "cccid" in rows.columns else rows.with_columns(cccid=pl.lit(None, pl.String))
    return given.with_columns(pl.col("kind", *KEY, "cccid").cast(pl.String))


def asked_in(rows: pl.DataFrame, /) -> pl.DataFrame:
    """List what each row asks for, as they stand: mis_code, sis_id, kind, cccid."""
    return _text(rows).select(pl.col("college").alias("mis_code"), "sis_id", "kind", "cccid")


def unpacked(parts: Iterable[Sequence[Sequence[Any]]], /) -> pl.DataFrame:
    """Turn a batch's rows into a table again: kind, college, sis_id, cccid and the fields of `PAYLOAD`."""
    names = dict.fromkeys((*KEY, "kind", "cccid", "payload"), pl.String)
    fields = pl.Struct(dict.fromkeys(PAYLOAD, pl.String))
    shown = ("kind", *KEY, "cccid")
    tables = [pl.DataFrame(schema=dict.fromkeys((*shown, *PAYLOAD), pl.String))]
    for rows in parts:
        some = pl.DataFrame(rows, schema=names, orient="row")
        tables.append(some.select(*shown, pl.col("payload").str.json_decode(fields).struct.unnest()))
    return pl.concat(tables)


def _refuse(rows: pl.DataFrame, *, wide: bool) -> None:
    recovers, replaces = pl.col("kind") == "recover", pl.col("kind") == "replace"
    faults = {
        'kind is neither "mint" nor "recover" nor "replace"': ~pl.col("kind")
        .is_in(["mint", "recover", "replace"])
        .fill_null(value=False),
        "college is empty": pl.col("college").fill_null("").str.strip_chars() == "",
        "sis_id is empty": pl.col("sis_id").fill_null("").str.strip_chars() == "",
        "college and sis_id stand in several rows": pl.struct(KEY).is_duplicated(),
        "a recovery names no well-formed CCCID": recovers
        & ~well_formed(pl.col("cccid"), wide=wide).fill_null(value=False),
        "a replacement does not name the CCCID that it gives up": replaces
        & ~well_formed(pl.col("cccid").str.strip_prefix(WATERMARK), wide=wide).fill_null(value=False),
        "a row that asks for a new number names a CCCID": (pl.col("kind") == "mint")
        & pl.col("cccid").is_not_null(),
        "one CCCID is recovered for several students of a college": recovers
        & pl.col("cccid").is_not_null()
        & pl.struct("college", "cccid", "kind").is_duplicated(),
    }
    found = rows.select(pl.when(fault).then(1).alias(text) for text, fault in faults.items())
    problems = []
    for text in found.columns:
        at = found[text].is_not_null().arg_true().to_list()
        if at:
            problems.append(f"{text} ({row_numbers(at)})")
    if problems:
        raise InputError(
            f"The proposed rows cannot be a batch: {'; '.join(problems)}. Rows count from 1, without a "
            "header. Correct them and propose again; nothing was kept."
        )
