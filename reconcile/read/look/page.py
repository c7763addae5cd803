"""The page of an inspection: what a file is, its columns and what was noticed; opens without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconcile.html import Html, element, joined, listing, page, section
from reconcile.read.look.facts import file_facts
from reconcile.read.look.wording import noticed_in_words, per_cent, profile_in_words

if TYPE_CHECKING:
    import polars as pl

    from reconcile.read.result import ReadResult

_DASH: Final = "\N{EN DASH}"
_STYLE: Final = """
body.inspection { max-width: 84rem; }
.bar { display: inline-block; width: 4.5rem; height: .65rem; margin-right: .5rem; }
.bar { border: 1px solid var(--soft); }
.bar span { display: block; height: 100%; background: #0072b2; }
.filled { white-space: nowrap; }
.shape { font: .875em/1.45 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
.shape { white-space: pre-wrap; overflow-wrap: anywhere; }
.doubt { display: block; margin-top: .2rem; }
.doubt b { font-weight: 600; }
.inspection td, .inspection tbody th { max-width: 34rem; }
@media (prefers-color-scheme: dark) { .bar span { background: #56b4e9; } }
@media print { .bar span { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
_GUIDE: Final = (
    "Values are not shown. A shape has a or A for a letter, 9 for a digit; shares are of the filled cells.",
    "Nothing is sampled: every row was counted.",
    "In the first rows a name shows its first letter, a date its year, an id its last three characters.",
    "A range is given for ten years or small numbers and more, for terms and colleges that ten rows hold.",
    "A line is one of the file, with column names and blank lines counted; of a spreadsheet it is the row.",
)


def inspection_html(result: ReadResult, profile: pl.DataFrame, /, *, rows: int) -> str:
    """Write how a file was read as one self-contained page: no script, nothing fetched, no value of a row.

    Args:
        result: of `read`.
        profile: of `result.profile`.
        rows: how many first rows to show, masked.
    """
    name, noticed = result.source.path.name, noticed_in_words(result.diagnostics)
    pairs = [piece for what, text in file_facts(result) for piece in (_term(what), _text(text))]
    return page(
        f"{name}: how it was read",
        element("a", "Skip to what was noticed", href="#noticed", class_="skip"),
        element("header", element("p", "How a file was read", class_="kicker"), element("h1", name)),
        element(
            "main",
            element("dl", *pairs, class_="facts"),
            section("What was noticed", _noticed(noticed), key="noticed"),
            section("What the columns hold", _columns(profile), key="columns"),
            *(
                [section("The first rows, masked", _preview(result, profile, rows), key="rows")]
                if rows
                else []
            ),
            section("How to read this page", *(element("p", one) for one in _GUIDE), key="reading"),
        ),
        element(
            "footer",
            element(
                "p",
                "This page holds no name, birthdate, e-mail address or SSN. The masked rows show first "
                "letters, years and ends of ids: keep it as you keep the file, or write it with --rows 0.",
            ),
            element("p", "SHA-256 of the file: ", element("code", result.source.sha256)),
        ),
        style=_STYLE,
        class_="inspection",
    )


def _term(text: str) -> Html:
    return element("dt", text)


def _text(text: str) -> Html:
    return element("dd", text)


def _noticed(words: pl.DataFrame) -> Html:
    if not words.height:
        return element("p", "Nothing: the file is read as it stands, without a repair or a doubt.")
    rows = [
        (
            joined(one["title"], " ", element("code", one["kind"])),
            one["count"],
            one["lines"] or _DASH,
            one["columns"] or _DASH,
            one["message"],
        )
        for one in words.iter_rows(named=True)
    ]
    heads = ("What", "Times", "Lines", "Columns", "What was found, and what to do")
    return listing(heads, rows, caption="Repairs, doubts and rejected lines")


def _columns(profile: pl.DataFrame) -> Html:
    shown = profile.drop_nulls("column")
    rows = [
        (
            word["column"],
            element("code", word["field"]) if word["field"] else _DASH,
            _bar(1 - one["empty_share"]),
            word["different"],
            _holds(word["holds"], one["doubts"]),
        )
        for one, word in zip(
            shown.iter_rows(named=True), profile_in_words(profile).iter_rows(named=True), strict=True
        )
    ]
    heads = ("Column", "Field", "Filled", "Different", "What it holds")
    return listing(heads, rows, caption=f"{len(rows):,} columns; the field is what a column was taken for")


def _bar(share: float) -> Html:
    inner = element("span", style=f"width:{100 * share:.1f}%")
    return element(
        "span", element("span", inner, class_="bar", aria_hidden="true"), per_cent(share), class_="filled"
    )


def _holds(text: str, doubts: list[str]) -> Html:
    said = element("span", text or _DASH, class_="shape")
    return joined(said, *(element("span", element("b", "Doubt: "), one, class_="doubt") for one in doubts))


def _preview(result: ReadResult, profile: pl.DataFrame, rows: int) -> Html:
    preview = result.preview(rows=rows, at_most=profile.height).frame
    lines = [
        (str(line[0]), *(element("span", text or _DASH, class_="shape") for text in line[2:]))
        for line in preview.iter_rows()
    ]
    heads = ("Column", *(name.capitalize() for name in preview.columns[2:]))
    return listing(heads, lines, caption="One line a column, one row of the file beside the other")
