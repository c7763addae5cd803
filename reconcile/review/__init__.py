"""A person decides the doubtful pairs: a work list out, decisions in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.agreement import with_agreement
from reconcile.columns import LINK_FIELDS, Band
from reconcile.errors import InputError, nearest
from reconcile.exports import as_it_was, write_for_people
from reconcile.results import as_frame
from reconcile.show import Sheet, Shown
from reconcile.words import guard_words

if TYPE_CHECKING:
    from collections.abc import Iterator

DECISIONS: Final = ("match", "different", "unsure")
_COMPARED: Final = tuple(f for f in LINK_FIELDS if f != "ssn")  # nobody reviews by SSN
_KEYS: Final = ("table", "id_l", "id_r")
# What a decision is about, where no guard holds the pair back.
_ABOUT: Final = {"duplicates": "decides whether the two records are one person"}
_OPEN: Final = {Band.REVIEW.value: "the figures leave it open"}
_WHICH: Final = "decides which account is the student's"
_CHECK: Final = 8  # characters of a hash that speak of the two ids alone
_LONGEST_ID: Final = 12  # digits to which a number that lost its zeros is filled up again


@dataclass(frozen=True, kw_only=True, repr=False)
class WorkList(Shown):
    """Pairs that wait for a person's decision, the most telling first.

    Attributes:
        frame: table, id_l, id_r, why (a person is asked, in words), match_probability (only where scores
            were asked for), agreement (in words), for each field that either side has <field>_l and
            <field>_r, hash (of what the reviewer sees), decision and note (both empty).
        waiting: how many pairs there are in all; the frame may hold fewer.
    """

    frame: pl.DataFrame
    waiting: int

    def write(self, path: str | Path, /) -> Path:
        """Write the list for a spreadsheet, as XLSX where the name says so, readable by its owner only.

        The reviewer fills the column decision with match, different or unsure, and may add a note.
        A text that a spreadsheet would calculate gets an apostrophe in front; `decisions_in` takes it
        away again.
        """
        return write_for_people(Path(path), self.frame, title="Pairs to review")

    def _sheet(self) -> Sheet:
        shown = self.frame.select("id_l", "id_r", "why", "agreement")
        return Sheet(
            frame=shown,
            title="Pairs to review",
            note=f"{self.waiting:,} pairs wait. Names and dates are left out here; write(path) has them.",
        )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Decisions that hold for the records as they are today.

    Attributes:
        frame: table, id_l, id_r, decision and whatever else was given.
        changed: how many do not hold any more, since a record changed after the reviewer saw it.
    """

    frame: pl.DataFrame
    changed: int


def review(
    pairs: object,
    left: object,
    right: object | None = None,
    /,
    *,
    id: str | tuple[str, str] = "id",  # noqa: A002 - the word that every verb uses
    decided: object | None = None,
    bands: tuple[str, ...] = (Band.REVIEW.value,),
    limit: int = 500,
    scores: bool = False,
) -> WorkList:
    """Make the work list of pairs that a person should look at.

    Args:
        pairs: of `link` or `find_duplicates`, or their .pairs.
        left: the table whose ids are id_l.
        right: the table whose ids are id_r; the left one when None (duplicates).
        id: the id column, or a (left, right) pair of names.
        decided: table, id_l, id_r, hash of earlier decisions; a pair is not asked again unless one of
            its records changed since.
        bands: the bands whose pairs are listed.
        limit: how many pairs the list holds at most.
        scores: add match_probability, which may lead a reviewer.

    Raises:
        InputError: a column is missing.
    """
    names = (id, id) if isinstance(id, str) else id
    rows = as_frame(getattr(pairs, "pairs", pairs))
    sides = (as_frame(left), as_frame(left if right is None else right))
    doubtful = rows.filter(pl.col("band").cast(pl.String).is_in(bands)).sort(
        ["match_weight", "id_l", "id_r"], descending=[True, False, False]
    )
    listed = side_by_side(with_agreement(doubtful), sides, names).with_columns(table=pl.lit(_table(right)))
    if decided is not None:
        known = as_frame(decided).select(*_KEYS, "hash")
        listed = listed.join(known, on=[*_KEYS, "hash"], how="anti", maintain_order="left")
    fields = [
        f"{field}_{mark}" for field in _COMPARED for mark in ("l", "r") if f"{field}_{mark}" in listed.columns
    ]
    asked = listed.head(limit)
    frame = asked.with_columns(why=_reasons(asked), agreement="words", decision=pl.lit(""), note=pl.lit(""))
    shown = (*_KEYS, "why", *(["match_probability"] if scores else []), "agreement", *fields)
    return WorkList(frame=frame.select(*shown, "hash", "decision", "note"), waiting=listed.height)


def _reasons(pairs: pl.DataFrame) -> pl.Series:
    """Say of each pair what holds it back, or else what the decision is about; never how likely it is."""
    born = "level_birthdate" if "level_birthdate" in pairs.columns else pl.lit(None, pl.String)
    rows = pairs.select(pl.col("guard", "band", "table").cast(pl.String), born=born)
    said = [
        guard_words(guard, day) or _ABOUT.get(table) or _OPEN.get(band, _WHICH)
        for guard, band, table, day in rows.iter_rows()
    ]
    return pl.Series("why", said, dtype=pl.String)


def standing(
    decisions: object,
    left: object,
    right: object | None = None,
    /,
    *,
    id: str | tuple[str, str] = "id",  # noqa: A002 - the word that every verb uses
) -> Standing:
    """Keep the decisions whose records are as the reviewer saw them.

    Args:
        decisions: table, id_l, id_r, decision, hash; those of other tables and other ids are left out.
        left: the table whose ids are id_l, with the same content as for `review`.
        right: the table whose ids are id_r; the left one when None (duplicates).
        id: the id column, or a (left, right) pair of names.

    Raises:
        InputError: a column is missing.
    """
    names = (id, id) if isinstance(id, str) else id
    sides = (as_frame(left), as_frame(left if right is None else right))
    made = as_frame(decisions).filter(pl.col("table") == _table(right)).rename({"hash": "seen"})
    found = side_by_side(made, sides, names)
    for side, name, mark in zip(sides, names, ("l", "r"), strict=True):
        found = found.filter(pl.col(f"id_{mark}").is_in(side[name].cast(pl.String).implode()))
    kept = found.filter(pl.col("hash") == pl.col("seen")).drop("seen").select(as_frame(decisions).columns)
    return Standing(frame=kept, changed=found.height - kept.height)


def decisions_in(rows: pl.DataFrame, places: pl.Series, /, *, file: Path) -> pl.DataFrame:
    """Take the decisions out of a work list that a reviewer has filled in.

    Ids that lost their leading zeros in a spreadsheet get them back.

    Args:
        rows: the list as text.
        places: what each row is called in the file, such as "line 2".
        file: for messages.

    Returns:
        table, id_l, id_r, decision ("match", "different" or "unsure"), note, hash; pairs without
        a decision are left out.

    Raises:
        InputError: the rows are no work list, a decision is none of the three words, or an id is not
            the one that was written; all rows with a problem are named at once.
    """
    missing = [name for name in (*_KEYS, "decision", "hash") if name not in rows.columns]
    if missing:
        raise InputError(f"{file} has no column {', '.join(missing)}. Fill in the list that `write` made.")
    schema = dict.fromkeys((*_KEYS, "decision", "note", "hash"), pl.String)
    problems, kept = [], []
    for place, given in zip(places, rows.iter_rows(named=True), strict=True):
        row = {name: as_it_was(given.get(name) or "") for name in schema}
        word = row["decision"].strip().lower()
        ids = _ids(row)
        if word and word not in DECISIONS:
            problems.append(f"{place}: not a decision.{nearest(word, DECISIONS)}")
        elif word and ids is None:
            problems.append(
                f"{place}: the ids are not the ones that were written; perhaps a spreadsheet took them "
                "for numbers or dates. Restore them from the list, and read these columns as text."
            )
        elif ids is not None and word:
            kept.append(row | {"id_l": ids[0], "id_r": ids[1], "decision": word})
    if problems:
        raise InputError("\n  ".join([f"{file}:", *problems]))
    return pl.DataFrame(kept, schema=schema)


def _ids(row: dict[str, str]) -> tuple[str, str] | None:
    """Give a row's ids as they were written, None when they cannot be restored."""
    mark = row["hash"].strip().rpartition("-")[2]
    for ids in product(_fillings(row["id_l"]), _fillings(row["id_r"])):
        if _digest("\x1f".join(ids))[:_CHECK] == mark:
            return ids
    return None


def _fillings(text: str) -> Iterator[str]:
    yield text
    if text.isdecimal():
        yield from (text.zfill(width) for width in range(len(text) + 1, _LONGEST_ID + 1))


def _table(right: object | None) -> str:
    return "duplicates" if right is None else "links"


def side_by_side(
    pairs: pl.DataFrame, sides: tuple[pl.DataFrame, pl.DataFrame], names: tuple[str, str], /
) -> pl.DataFrame:
    """Add to pairs the fields of both records, and hash, of what a reviewer sees and of the two ids.

    Raises:
        InputError: an id column is missing.
    """
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
    content = _joined([pl.col(name).fill_null("\x00") for name in interleaved] or [pl.lit("")])
    return pairs.with_columns(
        # Never to be taken for a number: a spreadsheet would write it in another way.
        hash=pl.concat_str(
            pl.lit("h"),
            content.map_elements(_digest, return_dtype=pl.String).str.head(16),
            pl.lit("-"),
            _joined([pl.col("id_l"), pl.col("id_r")])
            .map_elements(_digest, return_dtype=pl.String)
            .str.head(_CHECK),
        )
    )


def _joined(values: list[pl.Expr]) -> pl.Expr:
    return pl.concat_str(values, separator="\x1f")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
