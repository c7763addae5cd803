"""What a file is and how it was understood, in a few lines for a screen and a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconcile.columns import plain
from reconcile.read.layouts.layout import load_layout
from reconcile.read.look.wording import size_in_words
from reconcile.words import counted

if TYPE_CHECKING:
    import polars as pl

    from reconcile.read.result import ReadResult
    from reconcile.results import Source

_NAMED: Final = 40  # columns without use


def file_facts(result: ReadResult, /) -> list[tuple[str, str]]:
    """Say what the file is, what became of its rows and what its columns were taken for.

    Returns:
        (what, text) pairs, in the order in which they are read; no value of a row is in them.
    """
    source = result.source
    facts = [("File", str(source.path)), ("Is", _is(source))]
    if source.member:
        facts.append(("Member", f"{source.member} of the archive"))
    if source.real is not None:
        facts.append(("Leads to", str(source.real)))
    facts += [
        ("Part", f"{part.path.name}: {counted(part.rows, 'row')}, {_is(part)}") for part in source.parts
    ]
    facts.append(("Rows", f"{result.equation}."))
    return [*facts, *_layout_facts(result)]


def as_json(result: ReadResult, profile: pl.DataFrame, /, *, rows: int) -> dict[str, Any]:
    """Give everything that is shown as plain values: file, rows, layout, preview, profile, noticed."""
    source, fields = result.source, result.fields()
    return {
        "file": {
            "path": str(source.path),
            "kind": source.kind,
            "member": source.member,
            "size": source.size,
            "sha256": source.sha256,
            "encoding": source.encoding,
            "dialect": source.dialect,
            "columns": len(source.columns),
            "parts": [str(part.path) for part in source.parts],
        },
        "rows": {
            "in_file": source.rows,
            "accepted": result.frame.height,
            "folded": result.folded,
            "quarantined": result.quarantined,
        },
        "layout": {
            "used": result.layout,
            "guessed": "" if result.layout else fields.layout,
            "nearest": fields.nearest,
            "lacking": list(fields.lacking),
            "reasons": list(fields.reasons),
            "mapping": result.mapping().frame.to_dicts(),
        },
        "preview": result.preview(rows=rows, at_most=profile.height).frame.to_dicts(),
        "profile": profile.to_dicts(),
        "noticed": result.noticed().frame.to_dicts(),
    }


def _is(source: Source) -> str:
    said = (source.kind, source.encoding, source.dialect)
    # Of what is no text, the encoding is the kind once more.
    written = [text for at, text in enumerate(said) if text not in ("columns", *said[:at])]
    return f"{', '.join(written)}; {counted(len(source.columns), 'column')}; {size_in_words(source.size)}"


def _layout_facts(result: ReadResult) -> list[tuple[str, str]]:
    fields, names = result.fields(), result.names()
    if result.layout:
        facts = [("Layout", f"{result.layout}, as asked")]
    elif fields.layout:
        facts = [("Layout", f"looks like {fields.layout}: {' '.join(fields.reasons)}")]
    else:
        facts = [("Layout", f"none fits: {' '.join(fields.reasons)}")]
    ignored = {plain(name) for name in load_layout(fields.nearest).ignored} if fields.nearest else set()
    left = [
        called
        for name, called in names.items()
        if name not in fields.of_column and plain(name) not in ignored
    ]
    if left and fields.nearest:
        more = f" and {len(left) - _NAMED:,} more" if len(left) > _NAMED else ""
        facts.append(("Not used", f"{', '.join(left[:_NAMED])}{more}."))
    might = [f"{names[name]}: {guess.field} ({guess.why})" for name, guess in result.guesses().items()]
    if might:
        facts.append(("Might be", f"{'; '.join(might[:_NAMED])}. `reconcile map` writes it down."))
    return facts
