"""From a run to what MIS takes: the SB34 worksheet, corrections of what was submitted, a page to check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import OutputError, PlanError
from reconcile.files import whole_folder, write_private
from reconcile.flow.disclosed import has_registry, note_disclosed
from reconcile.flow.latest import last_run
from reconcile.plan import Scope
from reconcile.read import read
from reconcile.registry.disclosures import MIS
from reconcile.report.record import read_record_layout, records
from reconcile.report.sb34 import WORKSHEET, MisSettings, sb34
from reconcile.report.sb34_page import sb34_html

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reconcile.plan import Plan
    from reconcile.report.sb34 import Sb34

# Every file of the folder and what it is for.
OUTPUTS: Final = {
    "mis.html": "the page to check before anything is submitted",
    "sb34.csv": "the worksheet: one row a college, term and student",
    "corrections.csv": "what of earlier submissions is to be corrected",
    "published.csv": "share with CCCID by college and term, small numbers left out",
    "sb.dat": "records of fixed width, where a layout was given",
}


def prepare_mis(plan: Plan, /) -> Sb34:
    """Make the worksheet of a plan's last run; nothing is written.

    Raises:
        InputError: no run yet, a term without GI03, or a file that cannot be used.
        PlanError: the plan has no section [mis].
    """
    if plan.mis is None:
        raise PlanError(
            f"{plan.path} has no section [mis]: what stands in SB34 for a student without a CCCID is for the "
            "college to say. `reconcile plan new` shows the section."
        )
    done = last_run(plan)
    settings = MisSettings(
        missing=plan.mis.missing,
        terms=plan.mis.terms,
        partial=plan.accounts.scope is not Scope.SYSTEMWIDE,
    )
    return sb34(
        done.students,
        done.crosswalk,
        settings=settings,
        colleges=plan.population.colleges,
        terms=plan.population.terms,
        identifiers=None if plan.mis.identifiers is None else read(plan.mis.identifiers).frame,
        submitted=_together(plan.mis.submitted),
    )


def write_mis(plan: Plan, folder: Path, /, *, layout: Path | None = None) -> Sb34:
    """Make the worksheet of a plan's last run and write it into a new private folder.

    Args:
        plan: with a section [mis].
        folder: a new folder.
        layout: of records of fixed width, as the college completed it; none are written without.

    Raises:
        InputError: as `prepare_mis`; or the layout cannot be used.
        OutputError: the folder exists already.
        PlanError: the plan has no section [mis].
    """
    if folder.exists():
        raise OutputError(f"{folder} exists already and is not overwritten. Name a new folder.")
    laid_out = None if layout is None else read_record_layout(layout, columns=WORKSHEET[:-2])
    made = prepare_mis(plan)
    files = {
        "mis.html": sb34_html(made, title=plan.name, demo=plan.issuer.kind.value == "demo").encode(),
        "sb34.csv": made.worksheet.write_csv().encode(),
        "corrections.csv": made.corrections.write_csv().encode(),
        "published.csv": made.published.write_csv().encode(),
    }
    if laid_out is not None:
        files["sb.dat"] = records(made.worksheet, laid_out)
    with whole_folder(folder) as draft:
        for name, data in files.items():
            write_private(draft / name, data)
    if has_registry(plan):
        people = made.worksheet["sis_id"].n_unique()
        note_disclosed(plan, MIS, folder, columns=made.worksheet.columns, people=people)
    return made


def _together(paths: Sequence[Path]) -> pl.DataFrame | None:
    """Read earlier submissions; their column names are MIS's own."""
    if not paths:
        return None
    return pl.concat([read(path).frame for path in paths], how="diagonal")
