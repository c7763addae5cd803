"""Who took personal data out of here: one entry of the audit log for each file that carries some."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from reconcile.files import sha256
from reconcile.registry.people import machine

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger

# What a file may be, in the words of the list.
CREDENTIALS: Final = "credentials"
WORK_LIST: Final = "work list"
REQUESTS: Final = "rows of a batch"
FINDINGS: Final = "findings"
UPLOAD: Final = "upload file"
LOAD: Final = "load file"
WRITEBACK: Final = "write-back"
DIFFERENCE: Final = "difference"
EXPORT: Final = "registry export"
MIS: Final = "MIS worksheet"
AUDIT: Final = "audit"
BACKUP: Final = "backup"
PAPERS: Final = "papers of a voided number"

_EVENT: Final = "disclosed"
_SCHEMA: Final = {
    "at": pl.String,
    "who": pl.String,
    "kind": pl.String,
    "file": pl.String,
    "people": pl.Int64,
    "columns": pl.String,
    "purpose": pl.String,
    "folder": pl.String,
    "sha256": pl.String,
}


def disclose(
    ledger: Ledger,
    kind: str,
    file: Path,
    /,
    *,
    columns: Iterable[str],
    people: int,
    by: str = "",
    purpose: str = "",
    batch: str = "",
) -> int:
    """Note a file that carries personal data out of here, and return the number of the entry.

    Args:
        ledger: of a writing transaction.
        kind: what it is, one of the words above.
        file: the file, written already, or a folder; its name, folder and hash are kept, no content.
        columns: of the file.
        people: how many it speaks of.
        by: who took it; the account that this runs under when empty.
        purpose: what for, where it was said.
        batch: whose people they are, where they are a batch's.
    """
    here = machine()
    return ledger.log(
        _EVENT, batch or kind, who=by or here["user"] or "unknown", kind=kind, file=file.name,
        folder=str(file.resolve().parent), sha256=sha256(file) if file.is_file() else "",
        columns=list(columns), people=people, purpose=purpose, machine=here,
    )  # fmt: skip


def disclosures(registry: Registry, /) -> pl.DataFrame:
    """List what left a registry, oldest first.

    Columns: at, who, kind, file, people, columns (their names, by commas), purpose, folder, sha256 (empty
    for a folder).
    """
    found = registry.audit().filter(pl.col("what") == _EVENT)
    rows = [row | _told(row["detail"]) for row in found.select("at", "who", "detail").to_dicts()]
    return pl.DataFrame(rows, schema=_SCHEMA)


def _told(detail: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(detail)
    return told | {"columns": ", ".join(told["columns"])}
