"""A person decides the doubtful pairs: a work list out, decisions in."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from reconcile.agreement import with_agreement
from reconcile.columns import LINK_FIELDS, Band
from reconcile.errors import InputError, nearest
from reconcile.files import write_private
from reconcile.results import as_frame
from reconcile.show import Sheet, Shown

DECISIONS: Final = ("match", "different", "unsure")
_COMPARED: Final = tuple(f for f in LINK_FIELDS if f != "ssn")  # nobody reviews by SSN
_KEYS: Final = ("table", "id_l", "id_r")


@dataclass(frozen=True, kw_only=True, repr=False)
class WorkList(Shown):
    """Pairs that wait for a person's decision, the most telling first.

    Attributes:
        frame: table, id_l, id_r, match_probability, agreement (in words), guard, for each field that
            either side has <field>_l and <field>_r, hash, decision and note (both empty).
        waiting: how many pairs there are in all; the frame may hold fewer.
    """

    frame: pl.DataFrame
    waiting: int

    def write(self, path: str | Path, /) -> Path:
        """Write the list as a CSV for a spreadsheet, readable by its owner only.

        The reviewer fills the column decision with match, different or unsure, and may add a note.
        """
        return write_private(Path(path), "\ufeff" + self.frame.write_csv())

    def _sheet(self) -> Sheet:
        shown = self.frame.select("id_l", "id_r", "match_probability", "agreement", "guard")
        return Sheet(
            frame=shown,
            title="Pairs to review",
            note=f"{self.waiting:,} pairs wait. Names and dates are left out here; write(path) has them.",
        )


def review(
    pairs: object,
    left: object,
    right: object | None = None,
    /,
    *,
    id: str | tuple[str, str] = "id",  # noqa: A002 - the word that every verb uses
    decided: object | None = None,
    limit: int = 500,
) -> WorkList:
    """Make the work list of pairs that a person should look at.

    Args:
        pairs: of `link` or `find_duplicates`, or their .pairs.
        left: the table whose ids are id_l.
        right: the table whose ids are id_r; the left one when None (duplicates).
        id: the id column, or a (left, right) pair of names.
        decided: table, id_l, id_r, decision, hash of earlier decisions; a pair is not asked again
            unless one of its records changed since.
        limit: how many pairs the list holds at most.

    Raises:
        InputError: a column is missing.
    """
    names = (id, id) if isinstance(id, str) else id
    table = "duplicates" if right is None else "links"
    rows = as_frame(getattr(pairs, "pairs", pairs))
    sides = (as_frame(left), as_frame(left if right is None else right))
    doubtful = rows.filter(pl.col("band") == Band.REVIEW.value).sort(
        ["match_weight", "id_l", "id_r"], descending=[True, False, False]
    )
    listed = _side_by_side(with_agreement(doubtful), sides, names).with_columns(table=pl.lit(table))
    if decided is not None:
        known = as_frame(decided).select(*_KEYS, "hash")
        listed = listed.join(known, on=[*_KEYS, "hash"], how="anti", maintain_order="left")
    fields = [c for c in listed.columns if c.endswith(("_l", "_r")) and c not in {"id_l", "id_r"}]
    frame = listed.head(limit).select(
        *_KEYS, "match_probability", pl.col("words").alias("agreement"), "guard", *fields, "hash",
        decision=pl.lit(""), note=pl.lit(""),
    )  # fmt: skip
    return WorkList(frame=frame, waiting=listed.height)


def read_decisions(path: str | Path, /) -> pl.DataFrame:
    """Read a work list back that a reviewer has filled in.

    Returns:
        table, id_l, id_r, decision ("match", "different" or "unsure"), note, hash; pairs without
        a decision are left out.

    Raises:
        InputError: the file is not a work list, or a decision is none of the three words; all lines
            with a problem are named at once.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} is no file. Name the work list that the reviewer filled in.")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    wanted = (*_KEYS, "decision", "hash")
    missing = [name for name in wanted if rows and name not in rows[0]]
    if missing:
        raise InputError(f"{path} has no column {', '.join(missing)}. Fill in the list that `write` made.")
    problems = []
    for line, row in enumerate(rows, 2):
        row["decision"] = (row["decision"] or "").strip().lower()
        if row["decision"] and row["decision"] not in DECISIONS:
            problems.append(f"line {line}: not a decision.{nearest(row['decision'], DECISIONS)}")
    if problems:
        raise InputError("\n  ".join([f"{path}:", *problems]))
    schema = dict.fromkeys((*_KEYS, "decision", "note", "hash"), pl.String)
    kept = [{name: row.get(name) or "" for name in schema} for row in rows if row["decision"]]
    return pl.DataFrame(kept, schema=schema)


def _side_by_side(
    pairs: pl.DataFrame, sides: tuple[pl.DataFrame, pl.DataFrame], names: tuple[str, str]
) -> pl.DataFrame:
    fields = [field for field in _COMPARED if any(field in side.columns for side in sides)]
    for side, name, mark in zip(sides, names, ("l", "r"), strict=True):
        if name not in side.columns:
            raise InputError(f'No column "{name}" in the table whose ids are id_{mark}; pass id=.')
        values = [
            (pl.col(f) if f in side.columns else pl.lit(None)).cast(pl.String).alias(f"{f}_{mark}")
            for f in fields
        ]
        chosen = side.select(pl.col(name).cast(pl.String).alias(f"id_{mark}"), *values)
        pairs = pairs.join(chosen, on=f"id_{mark}", how="left", maintain_order="left")
    interleaved = [f"{field}_{mark}" for field in fields for mark in ("l", "r")]
    compared = pl.concat_str(
        [pl.col(name).fill_null("\x00") for name in interleaved], separator="\x1f"
    ) if interleaved else pl.lit("")  # fmt: skip
    return pairs.with_columns(hash=compared.map_elements(_digest, return_dtype=pl.String))


def _digest(compared: str) -> str:
    return hashlib.sha256(compared.encode("utf-8")).hexdigest()[:16]
