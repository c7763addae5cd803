"""The lists of a person: CCCIDs, former ids, former names and terms, from all rows of an extract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.read.layouts.codes import holds_other_mark, pair_ids, split_ids, split_names, wanted
from reconcile.read.layouts.effective import dated, day_asked
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.read.diagnostics import Diagnostics

_NAME: Final = ("first_name", "middle_name", "last_name")
_CCCID: Final = r"^\s*[A-Za-z]{3,4}[0-9]{4}\s*$"
_WHERE: Final = ("row_person", "line")
_VALUE: Final = (pl.col("additional_id").alias("value"),)


@dataclass(frozen=True)
class Lists:
    """What several rows, or several values in one cell, say about a person.

    Attributes:
        rows: the rows that are kept, with `row_person`, `row_role` and `line`.
        people: one row a person, with their current names.
        options: the layout's options.
        found: takes the diagnostics.
    """

    rows: pl.DataFrame
    people: pl.DataFrame
    options: Mapping[str, object]
    found: Diagnostics

    def gather(self, identity: str) -> pl.DataFrame:
        """One row a person with the list columns; absent lists are null."""
        answer = self.people.select("row_person")
        now, before, later = self._dated()
        current = _long([*self._cells("cccid_list"), *now, *self._alternate()])
        former_ids = [*self._cells("former_id_list"), *self._of_code("former_id_code")]
        parts = {
            "cccids": current,
            "former_cccids": _without(_long(before), current),
            "future_cccids": _without(_long(later), current),
            "former_ids": _long([*former_ids, *self._former_rows(identity)]),
            "terms": _long(self._terms()),
        }
        for name, long in parts.items():
            answer = answer.join(_collect(long, name), on="row_person", how="left", maintain_order="left")
        names = self._former_names()
        return answer.join(names, on="row_person", how="left", maintain_order="left")

    def _has(self, *columns: str) -> bool:
        return all(column in self.rows.columns for column in columns)

    def _split_ids(self, column: str) -> pl.Expr:
        """A cell's values by position, of what is no name."""
        return split_ids(column, self._separator)

    @property
    def _separator(self) -> str:
        return str(self.options.get("separator", "|"))

    def _cells(self, column: str) -> list[pl.DataFrame]:
        if not self._has(column):
            return []
        filled = self.rows.filter(pl.col(column).is_not_null())
        return [filled.select("row_person", "line", value=self._split_ids(column)).explode("value")]

    def _of_code(self, option: str) -> list[pl.DataFrame]:
        """Ids in rows of their own, chosen by a local code."""
        if not self._has("additional_id", "additional_code"):
            return []
        coded = pl.col("additional_code").str.to_uppercase().is_in(wanted(self.options, option))
        return [self.rows.filter(coded, pl.col("additional_id").is_not_null()).select(*_WHERE, *_VALUE)]

    def _dated(self) -> tuple[list[pl.DataFrame], list[pl.DataFrame], list[pl.DataFrame]]:
        """CCCIDs in rows of their own: those of today, those of the past and those to come."""
        if not self._has("additional_id"):
            return [], [], []
        rows = self.rows.filter(pl.col("additional_id").is_not_null())
        if self._has("additional_code"):
            code = pl.col("additional_code").str.to_uppercase()
            rows = rows.filter(code.is_in(wanted(self.options, "additional_id_code")))
        column = "id_effective" if self._has("id_effective") else "effective"
        if not self._has(column):
            return [rows.select(*_WHERE, *_VALUE)], [], []
        return self._by_date(rows, column)

    def _by_date(
        self, rows: pl.DataFrame, column: str
    ) -> tuple[list[pl.DataFrame], list[pl.DataFrame], list[pl.DataFrame]]:
        """Of a person's ids those count that have the greatest date not after the day asked for."""
        rows = dated(rows, column)
        unread = rows.filter(pl.col("day").is_null())
        self.found.note_lines(
            unread["line"], "date_unreadable",
            "The effective date cannot be read; the id counts only if the person has no dated one. "
            "Correct the date.",
            column=column,
        )  # fmt: skip
        limit = day_asked(self.options)
        to_come = (pl.col("day") > pl.lit(limit, dtype=pl.Date)).fill_null(value=False)
        future, rows = rows.filter(to_come), rows.filter(~to_come)
        if future.height:
            self.found.note(
                "future_id",
                f"{counted(future.height, 'id')} to take effect after {limit}, the first here: not counted. "
                "Name a later day with the option as_of if they should count.",
                line=int(future["line"].min()),  # type: ignore[arg-type]
                column=column,
            )
        newest = pl.col("day").max().over("row_person")
        rows = rows.with_columns(counts=((pl.col("day") == newest) | newest.is_null()).fill_null(value=False))
        parts = rows.filter("counts"), rows.filter(~pl.col("counts")), future
        now, before, later = ([part.select(*_WHERE, *_VALUE)] for part in parts)
        return now, before, later

    def _alternate(self) -> list[pl.DataFrame]:
        """Parallel lists of ids and their types; where the lengths differ the shape decides."""
        if not self._has("alt_ids"):
            return []
        rows = self.rows.filter(pl.col("alt_ids").is_not_null())
        if not self._has("alt_types"):
            return [rows.select("row_person", "line", value=self._split_ids("alt_ids")).explode("value")]
        rows = pair_ids(rows, self._separator)
        # No position is sure without an equal length. What has the shape is kept all the same: to take a
        # student's CCCID for absent could end in a second one, while a wrong one is only looked at.
        shaped = rows.filter("uneven").explode("value").filter(pl.col("value").str.contains(_CCCID))
        self.found.note_lines(
            rows.filter("uneven")["line"],
            "multivalue_mismatch",
            "The ids and their types differ in number; only those shaped like a CCCID were kept. "
            "Correct the row in the SIS.",
            column="alt_ids",
        )
        of_kind = pl.col("kind").is_in(wanted(self.options, "alt_id_type"))
        even = rows.filter(~pl.col("uneven")).explode("value", "kind").filter(of_kind)
        return [even.select("row_person", "line", "value"), shaped.select("row_person", "line", "value")]

    def _former_rows(self, identity: str) -> list[pl.DataFrame]:
        former = self.rows.filter(pl.col("row_role") == "former_id")
        return [former.select("row_person", "line", value=identity)]

    def _terms(self) -> list[pl.DataFrame]:
        """Terms in which the person is enrolled; all of them when that is not said or never so."""
        if not self._has("term"):
            return []
        rows = self.rows.filter(pl.col("term").is_not_null())
        if self._has("enrolled"):
            enrolled = pl.col("enrolled") == "true"
            rows = rows.filter(
                enrolled.fill_null(value=False) | ~enrolled.any().over("row_person").fill_null(value=False)
            )
        return [rows.select("row_person", "line", value=self._split_ids("term")).explode("value")]

    def _former_names(self) -> pl.DataFrame:
        present = [name for name in _NAME if name in self.rows.columns]
        former = self.rows.filter(pl.col("row_role") == "former_name")
        long = pl.concat(
            [
                former.select("row_person", "line", *present, *_absent(present)).select(
                    "row_person", "line", *_NAME
                ),
                *self._named_lists(),
            ]
        )
        now = self.people.select("row_person", *present, *_absent(present))
        long = long.filter(pl.any_horizontal(pl.col(*_NAME).is_not_null()))
        long = long.join(
            now.select("row_person", *_NAME), on=["row_person", *_NAME], how="anti", nulls_equal=True
        )
        return (
            long.sort("line", maintain_order=True)
            .unique(["row_person", *_NAME], keep="first", maintain_order=True)
            .group_by("row_person", maintain_order=True)
            .agg(former_names=pl.struct(_NAME))
        )

    def _named_lists(self) -> list[pl.DataFrame]:
        """Former names in parallel cells, last names leading."""
        columns = {name: f"former_{name}s" for name in _NAME if self._has(f"former_{name}s")}
        if not columns:
            return []
        rows = self.rows.filter(pl.any_horizontal(pl.col(c).is_not_null() for c in columns.values()))
        odd = pl.any_horizontal(holds_other_mark(c, self._separator) for c in columns.values())
        self.found.note_lines(
            rows.filter(odd)["line"],
            "multivalue_mismatch",
            "Former names hold what separates values elsewhere, and the option separator says otherwise; "
            "these names were left out. Correct the option, or the row.",
            column="former_names",
        )
        split = rows.filter(~odd).select(
            "row_person", "line", **{name: split_names(c, self._separator) for name, c in columns.items()}
        )
        length = pl.max_horizontal(pl.col(name).list.len() for name in columns)
        # A part that is absent altogether is unknown for every name; any other difference is a finding.
        uneven = pl.any_horizontal(pl.col(name).list.len() != length for name in columns).fill_null(
            value=False
        )
        self.found.note_lines(
            split.filter(uneven)["line"],
            "multivalue_mismatch",
            "The parts of former names differ in number; these names were left out. Correct the row.",
            column="former_names",
        )
        split = split.filter(~uneven).with_columns(length=length)
        split = split.with_columns(
            pl.col(name).fill_null(pl.lit(None, dtype=pl.String).repeat_by(pl.col("length")))
            for name in columns
        )
        long = split.explode(*columns).with_columns(
            pl.col(name).str.strip_chars().replace("", None) for name in columns
        )
        return [
            long.select("row_person", "line", *columns, *_absent(columns)).select(
                "row_person", "line", *_NAME
            )
        ]


def _absent(present: object) -> list[pl.Expr]:
    return [pl.lit(None, dtype=pl.String).alias(name) for name in _NAME if name not in present]  # type: ignore[operator]


def _long(pieces: list[pl.DataFrame]) -> pl.DataFrame:
    """Put values that are no blanks together, trimmed, in the order of the file."""
    empty = pl.DataFrame(schema={"row_person": pl.String, "line": pl.Int64, "value": pl.String})
    long = pl.concat([empty, *pieces]).with_columns(pl.col("value").str.strip_chars())
    return long.filter(pl.col("value").fill_null("") != "").sort("line", maintain_order=True)


def _without(values: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Leave out what a person has already, in whatever case."""
    key = pl.col("value").str.to_uppercase().alias("key")
    return values.with_columns(key).join(
        known.with_columns(key), on=["row_person", "key"], how="anti", maintain_order="left"
    )


def _collect(long: pl.DataFrame, name: str) -> pl.DataFrame:
    """Distinct values a person, in the order in which they stand in the file."""
    return (
        long.unique(["row_person", "value"], keep="first", maintain_order=True)
        .group_by("row_person", maintain_order=True)
        .agg(pl.col("value").alias(name))
    )
