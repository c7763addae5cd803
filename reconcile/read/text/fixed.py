"""Lines of fixed width to columns of text, by the positions of a layout; a doubt about a position is said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import plain
from reconcile.errors import InputError
from reconcile.privacy import looks_like_data
from reconcile.read.diagnostics import FOOTER, RULER, blank_skipped
from reconcile.read.raw import RawTable
from reconcile.read.text.footer import is_foot
from reconcile.read.text.header import digit_columns, is_rule, names_columns
from reconcile.read.text.samples import LOOKED_AT
from reconcile.read.text.structure import mend_lines, note_bytes
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reconcile.read.diagnostics import Diagnostics
    from reconcile.read.layouts.layout import Layout
    from reconcile.read.layouts.positions import FixedWidth, Place
    from reconcile.remarks import Kind

_END_OF_TEXT: Final = re.compile(rb"\x1a[\x1a\r\n]*\Z")  # how DOS ended a text
_PAGE: Final = "\f"
_NOT_A_CHARACTER: Final = r"[\t\x0b\x0c\r\x1a-\x1f\x01-\x08\x0e-\x19]"  # moves what stands behind it
_FEET: Final = 5
_MOSTLY: Final = 0.95
_FEW: Final = 3  # values that show how a field is filled
_CODE: Final = re.compile(r"[A-Za-z0-9]{1,4}")
_MOST_TYPES: Final = 12
_AGAIN: Final = "A line from above the rows again; it was skipped. Have the export write it once."


def read_fixed(text: bytes, layout: Layout, path: Path, found: Diagnostics) -> RawTable:
    """Cut each line at the layout's positions, counted in characters.

    Blanks at both ends of a value go; an empty value is null. Lines shorter than the last field are rows
    where only blanks can have been cut off. Lines above the rows, footers, blank lines and lines of other
    record types are no rows; lines that cannot be cut are rejected by line.

    Args:
        text: UTF-8.
        layout: one with positions.
        path: for messages.
        found: takes the diagnostics.

    Raises:
        InputError: no line, or hardly any, can be cut at these positions.
    """
    fixed = layout.fixed
    if fixed is None:
        raise InputError(f'The layout "{layout.name}" has no section [positions]. Add one, or leave it out.')
    lines = _Lines(_lines(text, found), fixed, layout.name, path, found)
    lines.skip_top()
    lines.skip_blank()
    lines.skip_feet()
    lines.note_blank()
    lines.skip_types()
    rows = lines.frame.height
    if not rows:
        raise InputError(f"{path} has no line below its first {fixed.skip}. Check skip, and the export.")
    lines.reject_controls()
    lines.reject_short(_needed(layout, fixed.columns))
    lines.note_cut()
    lines.note_long()
    frame = cut(lines.frame["text"], fixed.columns)
    lines.note_header(frame)
    return RawTable(frame, lines.frame["line"], "", rows, rows - frame.height, quote="")


def cut(lines: pl.Series, columns: Mapping[str, Place], /) -> pl.DataFrame:
    """Cut lines into columns, without blanks at their ends; what is empty is null.

    >>> cut(pl.Series(["A1 Ann", "A2"]), {"id": (1, 2), "name": (3, 9)}).rows()
    [('A1', 'Ann'), ('A2', None)]
    """
    text = pl.col(lines.name)
    values = (
        text.str.slice(first - 1, last - first + 1).str.strip_chars(" ").alias(name)
        for name, (first, last) in columns.items()
    )
    return lines.to_frame().select(values).with_columns(pl.when(pl.all() != "").then(pl.all()))


def _lines(text: bytes, found: Diagnostics) -> pl.DataFrame:
    """All lines as they stand: line (from 1), text."""
    if b"\0" in text:  # as old programs fill what is empty; taken out, it would move the rest of the line
        note_bytes(text, b"\0", "nul_bytes", "NUL bytes were read as blanks here. Check the values.", found)
        text = text.replace(b"\0", b" ")
    text = mend_lines(_END_OF_TEXT.sub(b"", text), found)
    lines = pl.Series("text", [text.removesuffix(b"\n").decode("utf-8")], dtype=pl.String)
    lines = lines.str.split("\n").explode()
    if b"\r" in text:
        lines = lines.str.strip_suffix("\r")
    if _PAGE.encode() in text:
        pages = lines.str.contains(r"^\f|\f$")
        found.note_lines(
            pages.arg_true() + 1, "page_break", "A page break was taken out. Check for titles on each page."
        )
        lines = lines.str.strip_chars(_PAGE)
    return lines.to_frame().with_row_index("line", offset=1).with_columns(pl.col("line").cast(pl.Int64))


def _needed(layout: Layout, columns: Mapping[str, Place]) -> int:
    """The last character at which a required field begins."""
    by_key = {plain(name): first for name, (first, _) in columns.items()}
    places = [*columns.values()]
    starts = [
        by_key[plain(name)] for names in layout.required.values() for name in names if plain(name) in by_key
    ]
    numbered = (layout.places[field] for field in layout.required if field in layout.places)
    starts += [places[at - 1][0] for at in numbered if at <= len(places)]
    return max(starts, default=1)


@dataclass
class _Lines:
    """The lines that are still rows: line, text."""

    frame: pl.DataFrame
    fixed: FixedWidth
    layout: str
    path: Path
    found: Diagnostics
    skipped: str = ""
    blank: pl.Series | None = None

    def skip_top(self) -> None:
        """Leave out the lines that the layout skips, and again below page breaks and where they recur."""
        if not self.fixed.skip:
            return
        top = self.frame["text"].head(self.fixed.skip)
        self.skipped = top[-1] if top.len() else ""
        self.frame = self.frame.slice(self.fixed.skip)
        shown = _unpaged(top).filter(top.str.contains(r"\pL"))
        again = _unpaged(self.frame["text"]).is_in(shown.implode())
        self._set_aside(again, "header_repeated", _AGAIN)

    def skip_blank(self) -> None:
        """Leave out lines without a character, and one that underlines the column names."""
        first = self.frame["text"].head(1)
        if first.len() and is_rule(first[0].split()):
            self._set_aside(pl.int_range(self.frame.height, eager=True) == 0, "ruler", RULER)
        blank = self.frame["text"].str.strip_chars(" ") == ""
        self.blank = self.frame.filter(blank)["line"]
        self.frame = self.frame.filter(~blank)

    def note_blank(self) -> None:
        """Count the lines between rows on which nothing stands."""
        last = self.frame["line"].tail(1)
        inner = (
            [] if self.blank is None or not last.len() else self.blank.filter(self.blank < last[0]).to_list()
        )
        if inner:
            self.found.note("blank_lines", blank_skipped(len(inner)), line=inner[0])

    def skip_feet(self) -> None:
        """Leave out lines at the end that are shorter than rows and read like the end of a report."""
        tail = self.frame["text"].tail(_FEET).str.strip_chars_end()
        lengths = self.frame["text"].head(LOOKED_AT).str.strip_chars_end().str.len_chars().sort()
        usual = lengths[lengths.len() // 2] if lengths.len() else 0
        feet = 0
        for text in reversed(tail):
            if len(text) >= usual or not is_foot(text):
                break
            feet += 1
        if feet:
            self.found.note_lines(self.frame["line"].tail(feet), "footer", FOOTER)
            self.frame = self.frame.head(-feet)

    def skip_types(self) -> None:
        """Leave out, and count, lines of another record type than those kept."""
        if self.fixed.record_type is None:
            return
        first, last = self.fixed.record_type
        kind = self.frame["text"].str.slice(first - 1, last - first + 1).str.strip_chars_end(" ")
        kept = kind.is_in(self.fixed.keep)
        others = kind.filter(~kept)
        if not others.len():
            return
        listed = _listed(others)
        if not kept.any():
            raise InputError(
                f"{self.path}: no line is of the record type {' or '.join(self.fixed.keep)} at the "
                f"characters {first} to {last}; there are {listed}. Correct record_type or keep under "
                f"[fixed] in {self.layout}."
            )
        self.found.note(
            "other_records",
            f"{counted(others.len(), 'line')} of other record types passed over: {listed}. Name a type that "
            f"holds rows under keep in [fixed] of {self.layout}.",
            line=self.frame.filter(~kept)["line"][0],
        )
        self.frame = self.frame.filter(kept)

    def reject_controls(self) -> None:
        """Reject lines in which tabs and the like make positions uncertain."""
        odd = self.frame["text"].str.contains(_NOT_A_CHARACTER)
        if int(odd.sum()) * 2 > self.frame.height:
            raise InputError(
                f"{self.path}: most lines hold tabs or other control characters, so that no position is "
                "certain. Read it with a layout without [positions] if tabs separate its fields, or export "
                "it with blanks."
            )
        self._set_aside(
            odd,
            "control_inside",
            "A tab or another control character stands in this line, so that no position is certain; it was "
            "set aside. Export it with blanks.",
        )

    def reject_short(self, needed: int) -> None:
        """Reject lines that break off before the last required field begins."""
        short = self.frame["text"].str.len_chars() < needed
        rejected = int(short.sum())
        if rejected * 2 > self.frame.height:
            raise InputError(
                f"{self.path}: {rejected:,} of {self.frame.height:,} lines break off before the character "
                f"{needed}, where a required field begins. Correct [positions] in {self.layout}, or name "
                "another layout."
            )
        self._set_aside(
            short,
            "short_line",
            f"The line breaks off before the character {needed}, where a required field begins; it was set "
            "aside. Export it again.",
        )

    def note_cut(self) -> None:
        """Note lines that end early although blanks alone cannot be what is missing."""
        text = self.frame["text"]
        length, width = text.str.len_chars(), self.fixed.width
        short = length < width
        if not short.any():
            return
        whole = text.filter(~short)
        # Where lines are filled up with blanks, one that is not was cut.
        padded = whole.len() > int(short.sum()) and whole.str.ends_with(" ").any()
        doubtful = short if padded else short & self._within(text, length)
        self.found.note_lines(
            self.frame["line"].filter(doubtful),
            "cut_field",
            "The line ends within a field, or earlier than others do; what is there was kept. Check its last "
            "values.",
        )

    def _within(self, text: pl.Series, length: pl.Series) -> pl.Series:
        """Lines that end within a field which in the others is whole or empty."""
        within = pl.Series([False]).new_from_index(0, text.len())
        for first, last in self.fixed.positions.values():
            here = (length >= first) & (length < last)
            if here.any():
                values = text.filter(length >= last).str.slice(first - 1, last - first + 1)
                values = values.filter(values.str.strip_chars(" ") != "")
                whole = (~values.str.ends_with(" ")).sum()
                if values.len() >= _FEW and whole >= _MOSTLY * values.len():
                    within |= here
        return within

    def note_long(self) -> None:
        """Note lines that go on behind the last field."""
        width = self.fixed.width
        long = self.frame["text"].str.len_bytes() > width
        if long.any():
            long &= self.frame["text"].str.slice(width).str.strip_chars(" ") != ""
        if long.any():
            self.found.note(
                "long_line",
                f"{counted(int(long.sum()), 'line')} with text behind the character {width}, where the last "
                "field ends; it was left out, the first here. Add what stands there to [positions], or call "
                "it filler_1.",
                line=self.frame.filter(long)["line"][0],
            )

    def note_header(self, frame: pl.DataFrame) -> None:
        """Note a first row that names columns, and a skipped line that looks like a row."""
        body = [[cell or "" for cell in row] for row in frame.head(LOOKED_AT).rows()]
        if not body:
            return
        if names_columns(body[0], body[1:]) is True:
            self.found.note(
                "header_doubt",
                "The first row looks like column names rather than a row. If so, say skip = "
                f"{self.fixed.skip + 1} under [fixed] of the layout.",
                line=self.frame["line"][0],
            )
        if not self.skipped.strip():
            return
        cells = cut(pl.Series("text", [self.skipped]), self.fixed.columns).row(0)
        numbered = digit_columns(body)
        if numbered and all(re.search("[0-9]", cells[i] or "") for i in numbered):
            self.found.note(
                "header_doubt",
                "The last line that was skipped looks like a row. Check skip under [fixed] of the layout.",
                line=self.fixed.skip,
            )

    def _set_aside(self, which: pl.Series, kind: Kind, message: str) -> None:
        self.found.note_lines(self.frame["line"].filter(which), kind, message)
        self.frame = self.frame.filter(~which)


def _unpaged(lines: pl.Series) -> pl.Series:
    """Bring lines that differ in the number of their page only to one text."""
    return lines.str.strip_chars_end().str.replace_all(r"(?i)\bpage:?\s*[0-9]+", "page")


def _listed(kinds: pl.Series) -> str:
    """Count record types; what is no code by its shape is not repeated."""
    counted = kinds.value_counts(name="times").sort(["times", kinds.name], descending=[True, False])
    shown = [
        f'"{kind}" {times:,}'
        for kind, times in counted.iter_rows()
        if _CODE.fullmatch(kind) and not looks_like_data(kind)
    ][:_MOST_TYPES]
    others = counted.height - len(shown)
    return ", ".join([*shown, *([f"{others} that are not shown"] if others else [])])
