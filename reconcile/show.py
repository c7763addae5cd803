"""How a table looks in a notebook, in an exported page and in a terminal.

The HTML is static: no script, no style sheet and nothing fetched, so that it survives an export and a
cautious notebook server. Colours are inherited and lines are half transparent, so that light and dark
themes both read well. Every text is escaped: what stands in a file cannot become markup.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.privacy import mask_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

_ABSENT: Final = "\N{EN DASH}"
_SMALLEST: Final = 0.0001  # the last place that is shown of a number
_SHORT: Final = 10  # characters that are not broken over lines
_LONGEST: Final = 400  # characters of one cell; a longer text is cut, the file has it whole

_LINE: Final = "1px solid rgba(128,128,128,.35)"
_CELL: Final = (
    "padding:.3em .55em;vertical-align:top;white-space:normal;"
    "overflow-wrap:break-word;max-width:32em;min-width:3em;"
)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What a result shows of itself: a table of at most `rows` rows, its title, a sentence below it.

    Attributes:
        unit: what a row of the table is.
        narrow: the same in fewer columns, for plain text and a terminal.
        below: more tables, of less weight.
    """

    frame: pl.DataFrame
    title: str
    note: str = ""
    rows: int = 10
    unit: str = "row"
    narrow: pl.DataFrame | None = None
    below: tuple[Sheet, ...] = ()


class Shown(ABC):
    """A result that shows one small table, in a notebook and at a prompt, and nothing else of itself.

    The printed form of a dataclass would carry its frames, and with them people's names, into whatever
    notebook or log it lands in.
    """

    @abstractmethod
    def _sheet(self) -> Sheet:
        """Choose what is shown."""

    def __repr__(self) -> str:
        """Draw it as plain text."""
        return "\n".join(_drawn(sheet) for sheet in _all(self._sheet()))

    def _repr_html_(self) -> str:
        return "".join(
            table_html(sheet.frame, title=sheet.title, note=sheet.note, rows=sheet.rows, unit=sheet.unit)
            for sheet in _all(self._sheet())
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class Listing(Shown):
    """A small table that shows itself; `frame` is the table.

    Attributes:
        frame: every row.
        sheet: what is shown of it, in words.
    """

    frame: pl.DataFrame
    sheet: Sheet

    def _sheet(self) -> Sheet:
        return self.sheet


def _all(sheet: Sheet) -> Iterator[Sheet]:
    yield sheet
    for one in sheet.below:
        yield from _all(one)


def _drawn(sheet: Sheet) -> str:
    frame = sheet.frame if sheet.narrow is None else sheet.narrow
    drawn = table_text(frame, title=sheet.title, rows=sheet.rows, unit=sheet.unit)
    return f"{drawn}\n{sheet.note}" if sheet.note else drawn


def profile(frame: pl.DataFrame, /) -> pl.DataFrame:
    """Describe a table without showing it: column, filled, different, first (masked)."""
    rows = []
    for name, column in frame.to_dict().items():
        first = column.drop_nulls().head(1)
        example = mask_name(str(first[0])) if first.dtype == pl.String and first.len() else ""
        different = column.drop_nulls().n_unique() if column.dtype == pl.String else None
        rows.append((name, column.len() - column.null_count(), different, example))
    kinds = {"column": pl.String, "filled": pl.Int64, "different": pl.Int64, "first, masked": pl.String}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def minute(column: str, /) -> pl.Expr:
    """Write the stamps of a column as a person reads them, to the minute; what is no stamp stays."""
    stamp = pl.col(column).str.contains(r"^\d{4}-\d\d-\d\dT\d\d:\d\d")
    return (
        pl.when(stamp)
        .then(pl.col(column).str.slice(0, 16).str.replace("T", " "))
        .otherwise(column)
        .alias(column)
    )


def table_html(
    frame: pl.DataFrame, /, *, title: str, note: str = "", rows: int = 10, unit: str = "row"
) -> str:
    """Draw the first rows of a table as static HTML for a `_repr_html_`.

    Args:
        frame: any table; lists are joined by "; ", absent values show as a dash.
        title: the caption, which also says how many of how many rows are shown.
        note: a sentence below the table; left out when empty.
        rows: how many rows to show at most.
        unit: what a row of the table is.

    >>> import polars as pl
    >>> "2 of 3 rows" in table_html(pl.DataFrame({"n": [1, 2, 3]}), title="Counts", rows=2)
    True
    """
    shown = frame.head(rows)
    right = [dtype.is_numeric() for dtype in shown.dtypes]
    head = "".join(_cell("th", name, right=r) for name, r in zip(shown.columns, right, strict=True))
    body = "".join(
        "<tr>" + "".join(_cell("td", text, right=r) for text, r in zip(row, right, strict=True)) + "</tr>"
        for row in cells(shown)
    )
    tail = f'<p style="margin:.3em 0;max-width:60em">{escape(note)}</p>' if note else ""
    return (
        f'<div class="reconcile-table" role="group" tabindex="0" aria-label="{escape(title)}"'
        ' style="overflow-x:auto;max-width:100%">'
        '<table style="border-collapse:collapse;color:inherit;font-variant-numeric:tabular-nums;'
        'margin:.3em 0">'
        '<caption style="caption-side:top;text-align:left;white-space:nowrap;padding:.3em 0">'
        f"<b>{escape(title)}</b> · {row_count(shown.height, frame.height, unit=unit)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{tail}</div>"
    )


def console_table(frame: pl.DataFrame, /, *, title: str, rows: int = 10, unit: str = "row") -> Table:
    """Draw the first rows of a table for a terminal, as a rich table to print."""
    from rich.table import Table  # noqa: PLC0415 - kept out of `import reconcile`
    from rich.text import Text  # noqa: PLC0415

    shown = frame.head(rows)
    caption = Text(f"{title} · {row_count(shown.height, frame.height, unit=unit)}")
    table = Table(title=caption, title_justify="left", min_width=len(caption))
    worded = cells(shown)
    for at, (name, dtype) in enumerate(zip(shown.columns, shown.dtypes, strict=True)):
        short = all(len(row[at]) <= _SHORT for row in worded)  # else rich breaks it to make room for others
        table.add_column(
            Text(name), justify="right" if dtype.is_numeric() else "left", overflow="fold", no_wrap=short
        )
    for row in worded:
        table.add_row(*(Text(text) for text in row))  # Text: square brackets in data are no markup
    return table


def table_text(
    frame: pl.DataFrame, /, *, title: str, rows: int = 10, width: int = 100, unit: str = "row"
) -> str:
    """Draw the first rows of a table as plain text for a `__repr__`.

    >>> import polars as pl
    >>> print(table_text(pl.DataFrame({"n": [1]}), title="Counts").splitlines()[0].strip())
    Counts · 1 row
    """
    from rich.console import Console  # noqa: PLC0415 - kept out of `import reconcile`

    out = StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=False,
        color_system=None,
        legacy_windows=False,
        force_jupyter=False,
    )
    console.print(console_table(frame, title=title, rows=rows, unit=unit))
    return out.getvalue().rstrip("\n")


def row_count(shown: int, total: int, /, *, unit: str = "row") -> str:
    """Say how many rows are shown.

    >>> row_count(10, 1234), row_count(3, 3), row_count(1, 1), row_count(0, 0, unit="batch")
    ('10 of 1,234 rows', '3 rows', '1 row', 'no batches')
    """
    units = f"{unit}es" if unit.endswith("ch") else f"{unit}s"
    if shown < total:
        return f"{shown:,} of {total:,} {units}"
    if not total:
        return f"no {units}"
    return f"{total:,} {unit if total == 1 else units}"


def cells(frame: pl.DataFrame, /) -> list[tuple[str, ...]]:
    """Word every value of a table for a reader; meant for the few rows that are shown."""
    # Beyond 53 bits of weight a float says certain, and nothing that is scored ever is.
    frame = frame.with_columns(
        pl.col(name).clip(upper_bound=1 - _SMALLEST / 2)
        for name, dtype in frame.schema.items()
        if name.endswith("probability") and dtype.is_float()
    )
    return [tuple(_word(value) for value in row) for row in frame.iter_rows()]


def _word(value: object) -> str:
    match value:
        case None | "" | []:
            return _ABSENT
        case list():
            return "; ".join(_word(item) for item in value)
        case dict():
            return " ".join(_word(item) for item in value.values() if item is not None)
        case bool() | int() | float():
            return _number(value)
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _number(value: float) -> str:
    """Round to four places, but never a probability to impossible or certain.

    >>> _number(1234), _number(0.25), _number(0.99999), _number(1e-9), _number(1.0), _number(0.0)
    ('1,234', '0.25', 'over 0.9999', 'under 0.0001', '1', '0')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if 0 < value < _SMALLEST:
        return f"under {_SMALLEST}"
    if 1 - _SMALLEST < value < 1:
        return f"over {1 - _SMALLEST}"
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def _cell(tag: str, text: str, /, *, right: bool) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    weight = "font-weight:600;" if tag == "th" else ""
    side = "right" if right else "left"
    return (
        f'<{tag}{scope} style="{_CELL}{weight}text-align:{side};border-bottom:{_LINE}">{escape(text)}</{tag}>'
    )
