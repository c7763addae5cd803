"""A first layout of a file, as TOML to edit: what is certain is written down, guesses stand behind a #."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from textwrap import wrap
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import plain
from reconcile.errors import InputError, nearest
from reconcile.privacy import looks_like_data, mask_shape, session_key
from reconcile.read import read
from reconcile.read.layouts.guess import Guess, by_values, by_words
from reconcile.read.layouts.layout import guess_layout, load_layout, rank_layouts, shipped_layouts
from reconcile.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from reconcile.read.layouts.layout import Layout

BY_NAME: Final = "by its name"
SEVERAL: Final = "one of several"
GUESS: Final = "a guess"
UNUSED: Final = "not used"
LACKING: Final = "needed, not found"
SCHEMA: Final = {"column": pl.String, "field": pl.String, "how": pl.String}
_WIDTH: Final = 100
_SHAPES: Final = 2  # of a column that nobody knows
_HASH: Final = "^ssn:[0-9a-f]{8}:[0-9a-f]{32}$"  # in the place of an SSN
_ODD: Final = ("header_doubt", "header_twice", "no_header")
_HEAD: Final = (
    "# A first mapping of {file}, to be checked and completed.\n"
    "# A line behind a # does nothing. Where it ends in a guess: take the first # away if it is right.\n"
    "# A column is its name, or its number from 1. What is not said here is as in the base.\n"
)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A layout to edit.

    Attributes:
        text: TOML without a value of the file.
        rows: column, field, how: one row a column, and one for each needed field that has none.
        base: the shipped layout that it changes.
        lacking: needed fields without a column.
    """

    text: str
    rows: pl.DataFrame
    base: str
    lacking: tuple[str, ...]


def draft(
    path: Path,
    /,
    *,
    layout: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    member: str | None = None,
    parts: bool = False,
) -> Draft:
    """Read a file and say which column seems to hold what.

    Args:
        path: of the file.
        layout: the shipped layout to start from; guessed from the column names when None.
        encoding: of text; found when None.
        sheet: of a workbook of several.
        member: of an archive of several files.
        parts: the path is a folder, and its files are parts of one table.

    Raises:
        InputError: the file cannot be read, looks like fixed width, or there is no such layout.
    """
    result = read(path, encoding=encoding, sheet=sheet, member=member, parts=parts, ssn_key=session_key())
    kinds = set(result.diagnostics["kind"])
    if "looks_fixed" in kinds:
        raise InputError(
            f"{path} looks like fixed width, so that its columns cannot be told. Draft positions: "
            f"reconcile map {path} --fixed. If something does separate its fields, export it as CSV."
        )
    columns = result.source.columns
    base, reasons = choose_base(columns, layout)
    known = {plain(name) for names in base.fields.values() for name in names}
    familiar = any(plain(name) in known or by_words(name, base) for name in columns)
    odd = bool(kinds & {*_ODD}) or not familiar  # then a name may be a person's
    says = {
        name: str(at)
        if looks_like_data(name) or (odd and plain(name) not in known)
        else json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")
        for at, name in enumerate(columns, start=1)
    }
    return Mapped(base, columns, says, result.frame).draft(path, reasons)


def choose_base(columns: Sequence[str], wanted: str | None, /) -> tuple[Layout, tuple[str, ...]]:
    """The shipped layout to start from, and why it is this one."""
    if wanted is not None:
        if wanted.endswith(".toml"):
            raise InputError(
                f"{wanted} is a layout of your own; a mapping starts from one that is shipped: "
                f"{', '.join(shipped_layouts())}. Name one of these, or edit a copy of your own."
            )
        if wanted not in shipped_layouts():
            raise InputError(
                f'There is no shipped layout "{wanted}" to start from.{nearest(wanted, shipped_layouts())}'
            )
        return load_layout(wanted), ("As you said.",)
    ranks = rank_layouts(columns)
    generic = next(rank for rank in ranks if rank.layout.name == "generic")
    name, reasons = guess_layout(columns)
    if name is not None:
        guessed = next(rank for rank in ranks if rank.layout.name == name)
        if not generic.missing and generic.found >= guessed.found and not _own_names(columns, guessed.layout):
            return generic.layout, ("No name of it is one of a system's own.",)
        return guessed.layout, reasons[:1]
    best = max(ranks, key=lambda rank: (rank.found, rank.layout.name == "generic"))
    if not best.found:
        return generic.layout, ("A guess: no layout knows a column of it by name.",)
    known = f"it knows {best.found} of {len(columns)} columns by name"
    return best.layout, (f"A guess: {known}, but lacks {', '.join(best.missing)}.",)


def _own_names(columns: Sequence[str], layout: Layout) -> bool:
    """Whether a column bears a name that the layout knows and the generic one does not."""
    usual = load_layout("generic")
    ours, theirs = (
        {plain(name) for names in (*one.fields.values(), one.ignored) for name in names}
        for one in (layout, usual)
    )
    return any(plain(name) in ours - theirs for name in columns)


@dataclass
class Mapped:
    """Columns and fields as far as they are found.

    Attributes:
        base: the layout that knows the fields.
        columns: the file's own names.
        says: how a column is called in the TOML: by its name, or by its number where the name may be a value.
        frame: what the columns hold, SSNs hidden; a column of SSNs is not in it.
        sure: field -> column.
        several: field -> the columns that it could be.
        guesses: column -> guess.
    """

    base: Layout
    columns: Sequence[str]
    says: Mapping[str, str]
    frame: pl.DataFrame
    sure: dict[str, str] = field(default_factory=dict)
    several: dict[str, list[str]] = field(default_factory=dict)
    guesses: dict[str, Guess] = field(default_factory=dict)

    def draft(self, path: Path, reasons: Sequence[str], *, above: str = "") -> Draft:
        """Find what there is to be found, and write it down.

        Args:
            path: of the file.
            reasons: why the base is this one.
            above: TOML that comes before the columns.
        """
        self.find_names()
        self.guess()
        head = _HEAD.format(file=json.dumps(path.name, ensure_ascii=False))
        text = f'{head}\nbase = "{self.base.name}"  # {" ".join(reasons)}\n{above}{self.toml()}'
        return Draft(text=text, rows=self.rows(), base=self.base.name, lacking=self.lacking)

    @property
    def lacking(self) -> tuple[str, ...]:
        """Needed fields without a column."""
        return tuple(name for name in self.base.required if name not in self.sure)

    @property
    def free(self) -> list[str]:
        """Columns that bear the name of no field."""
        taken = {*self.sure.values(), *(column for several in self.several.values() for column in several)}
        ignored = {plain(name) for name in self.base.ignored}
        return [name for name in self.columns if name not in taken and plain(name) not in ignored]

    def find_names(self) -> None:
        """Map what bears one of a field's names."""
        for name, synonyms in self.base.fields.items():
            keys = {plain(synonym) for synonym in synonyms}
            fitting = [column for column in self.columns if plain(column) in keys]
            if len(fitting) == 1:
                self.sure[name] = fitting[0]
            elif fitting:
                self.several[name] = fitting

    def guess(self) -> None:
        """Guess at the other columns."""
        for column in self.free:
            named = by_words(column, self.base) if self.says[column].startswith('"') else None
            values = self.frame[column] if column in self.frame.columns else None
            found = named or (by_values(values, self.base) if values is not None else None)
            if found and found.field not in self.sure and found.field not in self.several:
                self.guesses[column] = found

    def rows(self) -> pl.DataFrame:
        """One row a column."""
        fields = {column: (name, BY_NAME) for name, column in self.sure.items()}
        fields |= {column: (name, SEVERAL) for name, several in self.several.items() for column in several}
        fields |= {column: (guess.field, f"{GUESS}: {guess.why}") for column, guess in self.guesses.items()}
        shown = [(_shown(self.says[name]), *fields.get(name, ("", UNUSED))) for name in self.columns]
        lacking = [("", name, LACKING) for name in self.lacking if name not in self.several]
        return pl.DataFrame([*shown, *lacking], schema=SCHEMA, orient="row")

    def toml(self) -> str:
        """Write the fields, and as comments what remains."""
        lines: list[str] = []
        for section in ("required", "optional"):
            fields = getattr(self.base, section)
            lines += ["", f"[{section}]", *(line for name in fields for line in self._field(name, section))]
        lacking = [name for name in self.base.optional if name not in {*self.sure, *self.several}]
        guessed = {guess.field for guess in self.guesses.values()}
        if unknown := [name for name in lacking if name not in guessed]:
            said = f"Not found, and not needed: {', '.join(unknown)}."
            lines += wrap(said, _WIDTH, initial_indent="# ", subsequent_indent="# ")
        unused = [column for column in self.free if column not in self.guesses]
        if unused:
            lines += ["", "# Columns of no use so far; letters of their values as a or A, digits as 9."]
            lines += [f"# {self.says[column]}: {_described(column, self.frame)}" for column in unused]
        if self.base.options:
            lines += ["", "# Codes that differ between colleges; say yours.", "# [options]"]
            lines += [f"# {name} = {json.dumps(value)}" for name, value in self.base.options.items()]
        return "\n".join(lines) + "\n"

    def _field(self, name: str, section: str) -> list[str]:
        if name in self.sure:
            return [f"{name} = {self.says[self.sure[name]]}"]
        guesses = [
            f"# {name} = {self.says[column]}  # a guess: {guess.why}"
            for column, guess in self.guesses.items()
            if guess.field == name
        ]
        if name in self.several:
            could = " or ".join(self.says[column] for column in self.several[name])
            mark = "# " if section == "required" else ""
            return [f"{mark}{name} = []  # could be {could}: write the right one"]
        if section == "required" and not guesses:
            return [
                f'# {name} = ""  # needed and not found: write the name of its column, or its number from 1'
            ]
        return guesses


def _shown(said: str) -> str:
    return str(json.loads(said)) if said.startswith('"') else f"column {said}"


def _described(column: str, frame: pl.DataFrame) -> str:
    """How a column is filled and what its values look like, without a value."""
    if column not in frame.columns:
        return "SSNs, by its name; replaced by keyed hashes"
    values = frame[column]
    filled = values.drop_nulls()
    if not filled.len():
        return "empty"
    hashed = filled.str.contains(_HASH)
    shapes = mask_shape(filled.filter(~hashed)).alias("shape").value_counts(name="times")
    shown = shapes.sort(["times", "shape"], descending=[True, False])["shape"].head(_SHAPES)
    looks = ", ".join(
        [
            *(["keyed hashes of SSNs"] if hashed.any() else []),
            *(json.dumps(s, ensure_ascii=False) for s in shown),
        ]
    )
    more = f" and {counted(shapes.height - _SHAPES, 'more shape')}" if shapes.height > _SHAPES else ""
    share = f"{100 * filled.len() // values.len()} %" if filled.len() < values.len() else "all"
    return f"{share} filled, {filled.n_unique():,} different; {looks}{more}"
