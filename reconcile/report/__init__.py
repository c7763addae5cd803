"""A run's outputs: the audit for people, the tables and the record for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import OutputError
from reconcile.files import write_private
from reconcile.report.equation import Equation, equation
from reconcile.show import Sheet, Shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconcile.results import Reconciliation

__all__ = ["OUTPUTS", "Equation", "Report", "equation", "report"]

# Every file of a report and what it is for, in the order in which it is written.
OUTPUTS: Final = {
    "audit.html": "the audit: open it in a browser or print it",
    "students.csv": "one row a student: status, evidence, action, CCCIDs",
    "crosswalk.csv": "every CCCID that a student has or had",
    "duplicates.csv": "pairs of records that may be one person",
    "run.json": "inputs, hashes and counts, for machines",
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Report(Shown):
    """The files of a report.

    Attributes:
        folder: where they are.
        equation: the rows of the run, counted on both sides.
    """

    folder: Path
    equation: Equation

    @property
    def paths(self) -> dict[str, Path]:
        """Each file under its name."""
        return {name: self.folder / name for name in OUTPUTS}

    @property
    def audit(self) -> Path:
        """The page for people."""
        return self.folder / "audit.html"

    def _sheet(self) -> Sheet:
        frame = pl.DataFrame({"file": list(OUTPUTS), "what it is": list(OUTPUTS.values())})
        return Sheet(frame=frame, title="Report", note=str(self.folder), rows=frame.height)


def report(
    reconciliation: Reconciliation, /, *, folder: Path, progress: Callable[[str], None] | None = None
) -> Report:
    """Write the outputs of one reconciliation into a folder that exists, readable by its owner only.

    Equal reconciliations give equal bytes; only the run stamp may differ, and it stands in audit.html
    and under "stamp" in run.json.

    Args:
        reconciliation: the facts of the run.
        folder: the place to write to; files of these names are replaced.
        progress: told the name of each file before it is written.

    Raises:
        ConservationError: rows were lost or doubled; nothing is written.
        OutputError: the folder does not exist.
    """
    from reconcile.report import tables  # noqa: PLC0415 - kept out of `import reconcile`
    from reconcile.report.audit import audit_html  # noqa: PLC0415

    if not folder.is_dir():
        raise OutputError(f"{folder} is no folder. Create it first, or name another one.")
    rows = equation(reconciliation)
    made: dict[str, bytes] = {}
    makers: dict[str, Callable[[], bytes]] = {
        "audit.html": lambda: audit_html(reconciliation, equation=rows).encode(),
        "students.csv": lambda: tables.students_csv(reconciliation),
        "crosswalk.csv": lambda: tables.crosswalk_csv(reconciliation),
        "duplicates.csv": lambda: tables.duplicates_csv(reconciliation),
        "run.json": lambda: tables.run_json(reconciliation, equation=rows, outputs=made),
    }
    for name, make in makers.items():
        if progress is not None:
            progress(name)
        made[name] = make()
    for name, data in made.items():
        write_private(folder / name, data)
    return Report(folder=folder, equation=rows)
