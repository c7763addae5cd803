"""The rows that a batch is proposed with: what they must hold, what is kept, and their fingerprint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.cccid import WATERMARK, well_formed
from reconcile.columns import ACCOUNTS, CONSENT, NEVER_DELIVERED, PERSON, REQUEST, SSN_DERIVED
from reconcile.errors import InputError
from reconcile.registry.canon import digest, row_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconcile.registry.ledger import Request

KEY: Final = ("college", "sis_id")
_REQUIRED: Final = ("kind", *KEY)
_ATTESTED: Final = ("attested_by", "attested_authority", "attested_on")
# What an account is made of, who attested that it may be made, what was asked for and why; SSNs never enter
# the registry in any form.
PAYLOAD: Final = tuple(
    dict.fromkeys(
        name
        for name in (*PERSON, *ACCOUNTS, *_ATTESTED, *REQUEST, *CONSENT)
        if name not in (*SSN_DERIVED, *NEVER_DELIVERED, "cccid", "former_names", "line")
    )
)


def fingerprint(rows: pl.DataFrame, /) -> str:
    """Hash exactly what a batch of these rows would hold, in whatever order the rows stand.

    Raises:
        InputError: as `checked`.
    """
    return hash_rows(checked(rows).rows())


def hash_rows(rows: Sequence[Sequence[str | int | None]], /) -> str:
    """Hash rows of mis_code, sis_id, kind, cccid, payload that stand in request-key order."""
    return digest(rows)


def checked(rows: pl.DataFrame, /) -> pl.DataFrame:
    """Bring proposed rows into the form of a batch: college, sis_id, kind, cccid, payload, in key order.

    Args:
        rows: kind ("mint", "recover" or "replace"), college, sis_id, cccid (the number to write back, or
            the one that is given up for a new one) and the fields of `PAYLOAD` that a new account is made
            of; other columns are not kept.

    Raises:
        InputError: every problem of the rows at once, by row number (the first row is 1).
    """
    missing = [name for name in _REQUIRED if name not in rows.columns]
    if missing:
        raise InputError(
            f"The proposed rows lack {', '.join(missing)}. Expected: kind, college, sis_id, "
            "cccid (of recoveries) and the fields of a new account."
        )
    _refuse(_text(rows))
    return brought(rows)


def brought(rows: pl.DataFrame, /) -> pl.DataFrame:
    """Bring rows into the form of a batch without judging them."""
    fields = [pl.col(name) for name in PAYLOAD if name in rows.columns]
    payload = pl.struct(fields).struct.json_encode() if fields else pl.lit("{}")
    return _text(rows).select(*KEY, "kind", "cccid", payload=payload).sort(KEY)


def _text(rows: pl.DataFrame) -> pl.DataFrame:
    given = rows if "cccid" in rows.columns else rows.with_columns(cccid=pl.lit(None, pl.String))
    return given.with_columns(pl.col("kind", *KEY, "cccid").cast(pl.String))


def unpacked(requests: Sequence[Request], /) -> pl.DataFrame:
    """Turn requests into a table again: kind, college, sis_id, cccid and the fields of `PAYLOAD`."""
    rows = [
        {"kind": r.kind, "college": r.mis_code, "sis_id": r.sis_id, "cccid": r.cccid} | json.loads(r.payload)
        for r in requests
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys((*_REQUIRED, "cccid", *PAYLOAD), pl.String))


def _refuse(rows: pl.DataFrame) -> None:
    recovers, replaces = pl.col("kind") == "recover", pl.col("kind") == "replace"
    faults = {
        'kind is neither "mint" nor "recover" nor "replace"': ~pl.col("kind")
        .is_in(["mint", "recover", "replace"])
        .fill_null(value=False),
        "college is empty": pl.col("college").fill_null("").str.strip_chars() == "",
        "sis_id is empty": pl.col("sis_id").fill_null("").str.strip_chars() == "",
        "college and sis_id stand in several rows": pl.struct(KEY).is_duplicated(),
        "a recovery names no well-formed CCCID": recovers
        & ~well_formed(pl.col("cccid")).fill_null(value=False),
        "a replacement does not name the CCCID that it gives up": replaces
        & ~pl.col("cccid").str.strip_prefix(WATERMARK).pipe(well_formed).fill_null(value=False),
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
            f"The proposed rows cannot be a batch: {'; '.join(problems)}. Correct them and propose again."
        )
