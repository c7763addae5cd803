"""What reading a file answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.read.layouts.fields import Fields, guess_fields, guess_more, made_from, safe_names
from reconcile.read.look.noticed import group_noticed
from reconcile.read.look.preview import preview_rows
from reconcile.read.look.profile import Origin, profile_columns
from reconcile.read.look.wording import noticed_in_brief, noticed_in_words, profile_in_brief, profile_in_words
from reconcile.show import Listing, Sheet, Shown, row_count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconcile.read.layouts.guess import Guess
    from reconcile.results import Source

_COLUMNS: Final = 60  # that are shown of a table; `profile` has them all
_AS_READ: Final = "read as this"
_BY_NAME: Final = "by its name"
_LACKING: Final = "needed, not found"
_KINDS: Final = 40  # of findings, likewise


@dataclass(frozen=True, kw_only=True, repr=False)
class ReadResult(Shown):
    """A file as a table, with everything that was noticed on the way.

    Attributes:
        frame: without a layout the file's columns as text; with one the canonical columns of its table.
        source: the file, its hash, encoding and dialect.
        diagnostics: line, kind, column, message: every repair, doubt and rejected line.
        layout: the layout used, "" for none.
        folded: rows that are history of a person rather than a person.
        quarantined: rows that cannot be read, or whose id is missing or not unique.
            `source.rows` = folded + quarantined + rows of `frame`.
        rejected: the quarantined rows whose id is not theirs alone (two persons under one id), in the
            columns of `frame`: whom they mean is unknown, but somebody they are.
        used: with a layout, the file's column -> the field that it went into.
        lines: without a layout, the line of each row; with one the column `line` of `frame` has it.
    """

    frame: pl.DataFrame
    source: Source
    diagnostics: pl.DataFrame
    layout: str
    folded: int
    quarantined: int
    rejected: pl.DataFrame
    used: Mapping[str, str] = field(default_factory=dict)
    lines: pl.Series | None = None

    def profile(self, *, at_most: int | None = None) -> pl.DataFrame:
        """Describe every column by counts and shapes; no value of a person is in it.

        Exact: nothing is sampled. A million rows of 30 columns take a few seconds.

        Args:
            at_most: only the first so many columns.

        Returns:
            column, field, filled, empty, empty_share, distinct, shapes (the three commonest, each with its
            share), shapes_seen, shortest, longest, lowest, highest, constant, all_different, doubts; see
            `reconcile.read.look.profile.profile_columns`.
        """
        return profile_columns(self.frame, self._origin, at_most=at_most)

    def preview(self, *, rows: int = 3, at_most: int | None = None) -> Listing:
        """Show the first rows masked, one line a column: column, field, row 1, row 2, ...

        Of a name the first letter stands, of a date the year, of an id the last three characters, of
        all else the shape: letters as a or A, digits as 9.

        Args:
            rows: how many.
            at_most: only the first so many columns.
        """
        frame = preview_rows(self.frame[:, :at_most], self._origin, rows=rows)
        title = f"{self._name}: the first rows, masked"
        return Listing(frame=frame, sheet=Sheet(frame=frame, title=title, unit="column", rows=frame.height))

    def noticed(self) -> Listing:
        """Group the diagnostics: kind, title, count, lines (the first five), columns, message."""
        words = noticed_in_words(self.diagnostics)
        sheet = Sheet(
            frame=words,
            title=f"{self._name}: what was noticed",
            rows=_KINDS,
            unit="finding",
            narrow=noticed_in_brief(words),
        )
        return Listing(frame=group_noticed(self.diagnostics), sheet=sheet)

    def mapping(self) -> Listing:
        """Show which column was taken for which field: column, field, how.

        Without a layout: by its name, or a guess by what the column holds, which nothing goes by until
        you map it; then the fields that are needed and have no column.
        """
        fields, guesses = self.fields(), self.guesses()
        known = _AS_READ if self.layout else _BY_NAME
        rows: list[tuple[str | None, str | None, str | None]] = []
        for name, called in self.names().items():
            guess = guesses.get(name)
            if name in fields.of_column:
                rows.append((called, fields.of_column[name], known))
            elif guess:
                rows.append((called, guess.field, f"a guess: {guess.why}"))
            else:
                rows.append((called, None, None))
        guessed = {guess.field for guess in guesses.values()}
        rows += [(None, field, _LACKING) for field in fields.lacking if field not in guessed]
        kinds = dict.fromkeys(("column", "field", "how"), pl.String)
        frame = pl.DataFrame(rows, schema=kinds, orient="row")
        sheet = Sheet(
            frame=frame,
            title=f"{self._name}: what the columns are",
            unit="line",
            note=" ".join(fields.reasons),
            rows=frame.height,
        )
        return Listing(frame=frame, sheet=sheet)

    def guesses(self) -> dict[str, Guess]:
        """Guess at the columns that no layout knows by name: column -> field and what speaks for it."""
        return {} if self.layout else guess_more(self.frame, self.fields(), self.names())

    def fields(self) -> Fields:
        """Say which column holds what: as the layout had it, else as the columns' names let us guess."""
        if not self.layout:
            return guess_fields(self.source.columns)
        return Fields(layout=self.layout, nearest=self.layout, of_column=self.used, lacking=(), reasons=())

    @property
    def equation(self) -> str:
        """What became of the rows of the file, in a sentence."""
        return (
            f"{row_count(self.source.rows, self.source.rows)} in the file = {self.frame.height:,} accepted "
            f"+ {self.folded:,} history of a person + {self.quarantined:,} quarantined"
        )

    def names(self) -> dict[str, str]:
        """Say how each of the file's columns may be called where others read it.

        That is its name, or its place ("column 3") where the name could be a person's.
        """
        return safe_names(self.source.columns, self.diagnostics)

    @property
    def _name(self) -> str:
        return self.source.path.name

    @property
    def _origin(self) -> Origin:
        return Origin(self.source, self.layout, self.used, self.diagnostics)

    def _sheet(self) -> Sheet:
        words = profile_in_words(self.profile(at_most=_COLUMNS))
        brief = profile_in_brief(words)
        more = f", {self.frame.width:,} columns" if self.frame.width > _COLUMNS else ""
        if not words["doubts"].str.len_chars().sum():
            words = words.drop("doubts")
        return Sheet(
            frame=words,
            title=f"{self._name}: {row_count(self.frame.height, self.frame.height)}{more}",
            note=self._note(),
            rows=_COLUMNS,
            unit="column",
            narrow=brief,
            below=(self.noticed().sheet,) if self.diagnostics.height else (),
        )

    def _note(self) -> str:
        absent = [name for name in self.frame.columns if name != "line" and not made_from(name, self.used)]
        lacking = f" Not in the file: {', '.join(absent)}." if self.layout and absent else ""
        nothing = "" if self.diagnostics.height else " Nothing was noticed."
        return f"{self.source.encoding}, {self.source.dialect}. {self.equation}.{lacking}{nothing}"
