"""Numbers go back to the SIS: a load file in its shape, and the difference for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.errors import ConservationError, InputError, IssuerError, OutputError, RegistryError
from reconcile.exports import write_for_machines, write_for_people
from reconcile.files import write_private
from reconcile.flow.extract import read_columns, require_columns
from reconcile.flow.given import KEY, latest_run, numbers_of, students_of, words_against
from reconcile.flow.inputs import read_students
from reconcile.privacy import mask_id
from reconcile.read import load_layout
from reconcile.registry import disclosures as left
from reconcile.registry.access import require
from reconcile.registry.people import machine, require_name
from reconcile.show import Sheet, Shown
from reconcile.words import counted
from reconcile.writeback.compare import compare, counts, to_write
from reconcile.writeback.load import load_rows, refuse_crooked
from reconcile.writeback.shape import LISTS, TAKEN, load_shape, shape_text, shipped_shapes

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from reconcile.plan import Plan
    from reconcile.read import ReadResult
    from reconcile.registry import Registry
    from reconcile.registry.ledger import Ledger
    from reconcile.writeback.shape import Shape

_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True, repr=False)
class Writeback(Shown):
    """What goes back to the SIS.

    Attributes:
        difference: college, sis_id, change ("add", "replace", "nothing" or "refused"), old, new, why,
            status, origin, decision, since, batch, line: one row a student with a number here.
        load: the rows of the load file, in its own columns.
        shape: what the file looks like.
        absent: numbers given here to students whom the extract lacks.
        sequence: the registry's last audit entry when it was made.
    """

    difference: pl.DataFrame = field(repr=False)
    load: pl.DataFrame = field(repr=False)
    shape: Shape
    absent: int
    sequence: int

    @property
    def counts(self) -> pl.DataFrame:
        """The students by what becomes of them and why: change, why, students."""
        return counts(self.difference)

    @property
    def first(self) -> pl.DataFrame:
        """The first rows that change the SIS, masked: sis_id, change, old, new."""
        masked = [
            pl.col(name).map_elements(mask_id, return_dtype=pl.String) for name in ("sis_id", "old", "new")
        ]
        return to_write(self.difference).head(_SHOWN).with_columns(masked).select(
            "sis_id", "change", "old", "new"
        )  # fmt: skip

    def _sheet(self) -> Sheet:
        return Sheet(frame=self.counts, title="Numbers for the SIS", note=self.shape.title)


def prepare(plan: Plan, registry: Registry, /, *, shape: str | None = None) -> Writeback:
    """Hold the numbers of a registry against a plan's extract as it is today.

    What the SIS lacks is added. Another number in the SIS is replaced only where a person decided against it:
    by voiding it, or as a reviewer. Everything else is left to people, and named.

    Args:
        plan: whose extract, whose latest run.
        registry: where the numbers were given.
        shape: a shipped shape or a TOML file; the plan's, or that of the extract's layout, when None.

    Raises:
        InputError: the plan was not run on this extract, the shape cannot be used, the extract lacks a column
            that it needs, or nobody says how a CCCID is marked.
        IssuerError: a demo registry; its numbers mean nobody.
        ConservationError: columns and students of the extract do not stand side by side.
    """
    if registry.demo:
        raise IssuerError(
            "A demo registry writes nothing back: its numbers are watermarked and mean nobody. Name a plan "
            "with a registry of real numbers."
        )
    sequence = registry.sequence
    chosen = load_shape(_shape_name(plan, shape))
    extract = read_students(plan)
    latest, began = latest_run(plan, extract)
    taken = read_columns(plan, {**chosen.extract, "id": _id_column(extract)})
    require_columns(taken, chosen.extract, sorted(chosen.fields & {*TAKEN}), plan)
    code = _code(plan, chosen, taken)
    students = students_of(extract, latest)
    voids = registry.voids()
    made = compare(
        students,
        numbers_of(registry, students, began),
        against=words_against(registry, voids, students, began),
        voided=voids.select(*KEY, "cccid"),
    )
    made = refuse_crooked(_with_taken(made, taken), chosen)
    rows = load_rows(to_write(made), chosen, code=code, effective=plan.as_of)
    _require_filled(rows, chosen, to_write(made))
    here = registry.issued().filter(pl.col("college").is_in(students["college"].unique().implode()))
    absent = here.join(students, on=KEY, how="anti").height
    return Writeback(
        difference=made.drop(*TAKEN, strict=False), load=rows, shape=chosen, absent=absent, sequence=sequence
    )


def write_back(
    made: Writeback,
    registry: Registry,
    out: Path,
    difference: Path,
    /,
    *,
    by: str,
    purpose: str = "",
    at: datetime | None = None,
) -> int:
    """Write the load file for the SIS and the difference for people, and return the rows of the load file.

    Both are on disk before the registry says so, and leave a record of who took them.

    Args:
        made: of `prepare`.
        registry: where the numbers were given.
        out: the load file; its bytes are the values as they are.
        difference: a table for people, XLSX or CSV by its name.
        by: who writes back.
        purpose: what for, for the record.
        at: when; now when None.

    Raises:
        InputError: no name.
        OutputError: one of the files is there already.
        RegistryError: the registry changed since the difference was made.
    """
    require_name(by, "To write back takes the name of who does it")
    for path in (out, difference):
        if path.exists():
            raise OutputError(f"{path} exists already and is not overwritten. Name another file.")
    if out.resolve() == difference.resolve():
        raise OutputError(f"{out} is named for both files. Name another one with --difference.")

    require(registry, "written_back", who=by, at=at)

    def work(ledger: Ledger) -> None:
        if ledger.sequence != made.sequence:  # a number may have been voided meanwhile
            raise RegistryError("The registry changed while the difference was made. Write back again.")
        if registry.rehearsal:
            return
        write_for_people(difference, made.difference, title="Difference")
        write_for_machines(out, made.load, delimiter=made.shape.delimiter, header=made.shape.header)
        changed = to_write(made.difference)
        for batch, numbers in changed.drop_nulls("batch").group_by("batch").len().sort("batch").iter_rows():
            ledger.log("written_back", batch, who=by, machine=machine(), numbers=numbers)
        for kind, path, table in (
            (left.WRITEBACK, out, made.load),
            (left.DIFFERENCE, difference, made.difference),
        ):
            left.disclose(
                ledger, kind, path, by=by, columns=table.columns, people=table.height, purpose=purpose
            )

    if made.load.height:
        registry.write(work, at=at)
    return made.load.height


def copy_of_shape(plan: Plan, file: Path, /, *, shape: str | None = None) -> Path:
    """Write a shape to edit: the one named, or that of the plan.

    Raises:
        InputError: there is no such shape.
        OutputError: the file is there already.
    """
    if file.exists():
        raise OutputError(f"{file} exists already and is not overwritten. Name another file.")
    return write_private(file, shape_text(_shape_name(plan, shape)))


def _shape_name(plan: Plan, given: str | None) -> str:
    name = given or plan.writeback.shape or plan.students.layout
    if given is None and plan.writeback.shape is None and name not in shipped_shapes():
        raise InputError(
            f"No shape goes with the layout {name} by itself. Name the one of your SIS: --shape with one of "
            f"{', '.join(shipped_shapes())}, or a file of your own."
        )
    return name


def _id_column(extract: ReadResult) -> tuple[str, ...]:
    return tuple(column for column, name in extract.used.items() if name == "sis_id")


def _with_taken(made: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """Put beside each student what the shape takes from the extract, from the row that counts."""
    if {*LISTS} <= {*taken.columns} and "id" in taken.columns:  # lists on several rows are not one list
        several = pl.struct(LISTS).n_unique().over("id") > 1
        taken = taken.with_columns(pl.when(~several).then(name).alias(name) for name in LISTS[1:])
    wanted = [name for name in (*TAKEN, "id") if name in taken.columns]
    beside = made.join(taken.select("line", *wanted), on="line", how="left", maintain_order="left")
    crossed = beside.filter(pl.col("id") != pl.col("sis_id")) if "id" in wanted else beside.clear()
    if crossed.height:  # somebody would get another person's number
        raise ConservationError(
            f"Line {crossed['line'][0]} of the extract was read as two students. Please report this: it is a "
            "defect of the program, and nothing was written."
        )
    return beside.drop("id", strict=False)


def _code(plan: Plan, shape: Shape, taken: pl.DataFrame) -> str:
    """Say how a CCCID is marked: as the plan says, else as the layout does where the extract shows it."""
    if not shape.fields & {"code", *LISTS}:
        return ""
    stated = plan.writeback.code or plan.students.options.get(shape.code_option)
    if isinstance(stated, str) and stated.strip():
        return stated.strip()
    usual = load_layout(plan.students.layout).options.get(shape.code_option)
    column = "alt_types" if "alt_types" in taken.columns else "codes"
    seen = (
        taken[column].drop_nulls().str.to_uppercase()
        if column in taken.columns
        else pl.Series(dtype=pl.String)
    )
    if (
        stated is None
        and isinstance(usual, str)
        and seen.str.split(shape.separator).explode().is_in([usual]).any()
    ):
        return usual
    raise InputError(
        f"{plan.path}: the extract does not show how a CCCID is marked among a person's ids. Say it in the "
        'plan: code = "..." under [writeback].'
    )


def _require_filled(rows: pl.DataFrame, shape: Shape, changes: pl.DataFrame) -> None:
    """Require what the shape takes from the extract for each student in the load file."""
    for column, what in shape.columns.items():
        if what == "person" and rows[column].null_count():
            lines = changes.filter(rows[column].is_null())["line"].head(_SHOWN).to_list()
            who = counted(rows[column].null_count(), "student has", "students have")
            raise InputError(
                f"{who} no {column} in the extract (line {', '.join(map(str, lines))}). Fill it in there."
            )
