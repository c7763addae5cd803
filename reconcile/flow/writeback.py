"""Numbers go back to the SIS: a load file in its shape, and the difference for people."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import SisCccid, Status
from reconcile.errors import InputError, IssuerError, OutputError
from reconcile.exports import write_for_machines, write_for_people
from reconcile.files import write_private
from reconcile.flow.crosswalk import of_this_sis
from reconcile.flow.extract import read_columns, read_students, require_columns
from reconcile.privacy import mask_id
from reconcile.read import load_layout
from reconcile.registry import disclosures as left
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

_KEY: Final = ["college", "sis_id"]
_SHOWN: Final = 5
# A number of which no account speaks: there is none that a reviewer could have called another person's.
_ACCOUNTLESS: Final = (SisCccid.MALFORMED.value, SisCccid.NOT_IN_SNAPSHOT.value, SisCccid.RETIRED.value)
# Statuses in which the run proposes an account in the place of the number that the SIS holds.
_PROPOSED: Final = (Status.CONFLICT.value, Status.UNKNOWN_CCCID.value, Status.MALFORMED_CCCID.value)
_NUMBERS: Final = dict.fromkeys((*_KEY, "cccid", "origin", "since", "batch", "decision"), pl.String)
_RUN_AGAIN: Final = "Run `reconcile run {plan}` first: what goes into the SIS is held against its latest run."


@dataclass(frozen=True, kw_only=True, repr=False)
class Writeback(Shown):
    """What goes back to the SIS.

    Attributes:
        difference: college, sis_id, change ("add", "replace", "nothing" or "refused"), old, new, why,
            status, origin, decision, since, batch, line: one row a student with a number here.
        load: the rows of the load file, in its own columns.
        shape: what the file looks like.
        absent: numbers given here to students whom the extract lacks.
    """

    difference: pl.DataFrame = field(repr=False)
    load: pl.DataFrame = field(repr=False)
    shape: Shape
    absent: int = 0

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
    """
    if registry.demo:
        raise IssuerError(
            "A demo registry writes nothing back: its numbers are watermarked and mean nobody. Name a plan "
            "with a registry of real numbers."
        )
    chosen = load_shape(_shape_name(plan, shape))
    extract = read_students(plan)
    latest, began = _latest(plan, extract)
    taken = read_columns(plan, {**chosen.extract, "id": _id_column(extract)})
    require_columns(taken, chosen.extract, sorted(chosen.fields & {*TAKEN}), plan)
    code = _code(plan, chosen, taken)
    students = _students(extract, latest)
    voids = registry.voids()
    made = compare(
        students,
        _numbers(registry, students, began),
        against=_against(registry, voids, students, began),
        voided=voids.select(*_KEY, "cccid"),
    )
    made = refuse_crooked(_with_taken(made, taken), chosen)
    rows = load_rows(to_write(made), chosen, code=code, effective=plan.as_of)
    _require_filled(rows, chosen, to_write(made))
    here = registry.issued().filter(pl.col("college").is_in(students["college"].unique().implode()))
    absent = here.join(students, on=_KEY, how="anti").height
    return Writeback(difference=made.drop(*TAKEN, strict=False), load=rows, shape=chosen, absent=absent)


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
    """
    require_name(by, "To write back takes the name of who does it")
    for path in (out, difference):
        if path.exists():
            raise OutputError(f"{path} exists already and is not overwritten. Name another file.")
    if out.resolve() == difference.resolve():
        raise OutputError(f"{out} is named for both files. Name another one with --difference.")

    def work(ledger: Ledger) -> None:
        if registry.rehearsal:
            return
        write_for_machines(out, made.load, delimiter=made.shape.delimiter, header=made.shape.header)
        write_for_people(difference, made.difference, title="Difference")
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


def _latest(plan: Plan, extract: ReadResult) -> tuple[pl.DataFrame, str]:
    """Give the students of the plan's latest run and the moment it began; it has to be of this extract."""
    pointer = plan.workspace / "latest"
    again = _RUN_AGAIN.format(plan=plan.path)
    if not pointer.is_file():
        raise InputError(f"The plan has no run yet. {again}")
    folder = plan.workspace / pointer.read_text(encoding="utf-8").strip()
    if not (folder / "run.json").is_file():
        raise InputError(f"The latest run {folder} is not there any more. {again}")
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    hashes = {entry["sha256"] for entry in record["inputs"] if entry["table"] == "students"}
    if hashes != {extract.source.sha256}:
        raise InputError(f"The extract is another one than the latest run read. {again}")
    began = record["stamp"]["began"]
    return pl.read_csv(folder / "students.csv", infer_schema=False), f"{began[:10]}T{began[11:19]}+00:00"


def _students(extract: ReadResult, latest: pl.DataFrame) -> pl.DataFrame:
    facts = latest.select(
        "sis_id", "status", accountless=pl.col("sis_cccid").is_in(_ACCOUNTLESS), proposed="proposed_cccid"
    )
    held = extract.frame.select(*_KEY, "line", held="cccids", later="future_cccids")
    if held["sis_id"].str.starts_with("ssn:").any():
        raise InputError(
            "The extract names students by SSNs, which are not kept in clear, so that no load file can name "
            "them. Extract the SIS's own ids."
        )
    if held["college"].null_count():
        raise InputError(
            f"{held['college'].null_count():,} students of the extract have no college. Extract it, or name "
            "the one college in the plan's population."
        )
    lists = [pl.col(name).fill_null([]).list.drop_nulls() for name in ("held", "later")]
    return held.with_columns(lists).join(facts, on="sis_id", how="left")


def _numbers(registry: Registry, students: pl.DataFrame, began: str) -> pl.DataFrame:
    """List one number a student: what the registry gave, else what a reviewer and the run agree on."""
    said = _decisions(registry, "match", began)
    given = of_this_sis(registry.issued(), students).select(
        *_KEY, "cccid", "batch",
        origin=pl.col("kind").replace_strict({"mint": "issued", "recover": "recovered"}), since="issued_on",
    )  # fmt: skip
    proposed = students.filter(pl.col("status").is_in(_PROPOSED)).drop_nulls("proposed")
    decided = (
        proposed.select(*_KEY, cccid="proposed", origin=pl.lit("decided"))
        .join(said.select("sis_id", "cccid"), on=["sis_id", "cccid"], how="semi")
        .join(given, on=_KEY, how="anti")
    )
    every = pl.concat([pl.DataFrame(schema=_NUMBERS), given, decided], how="diagonal_relaxed")
    return every.drop("decision").join(
        said.select("sis_id", "cccid", "decision"), on=["sis_id", "cccid"], how="left"
    )


def _against(registry: Registry, voids: pl.DataFrame, students: pl.DataFrame, began: str) -> pl.DataFrame:
    """List people's words against numbers: voided by two of them, or by a reviewer another person's."""
    words = pl.format(
        "{} voided by {}, approved by {}, {}", "cccid", "by", "approver", pl.col("at").str.head(10)
    )
    taken_out = voids.select(*_KEY, "cccid", decision=words)
    others = _decisions(registry, "different", began).join(students.select(*_KEY), on="sis_id")
    return pl.concat([taken_out, others.select(taken_out.columns)])


def _decisions(registry: Registry, word: str, began: str) -> pl.DataFrame:
    """List the reviewers' decisions by which the latest run went: sis_id, cccid, decision in words."""
    made = registry.decisions().filter(
        (pl.col("table") == "links") & (pl.col("decision") == word) & (pl.col("at") <= began)
    )
    words = pl.format("{} {} by {}, {}", "id_r", "decision", "by", pl.col("at").str.head(10))
    return made.select(sis_id="id_l", cccid="id_r", decision=words)


def _id_column(extract: ReadResult) -> tuple[str, ...]:
    return tuple(column for column, name in extract.used.items() if name == "sis_id")


def _with_taken(made: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """Put beside each student what the shape takes from the extract, from the row that counts."""
    if {*LISTS} <= {*taken.columns} and "id" in taken.columns:  # lists on several rows are not one list
        several = pl.struct(LISTS).n_unique().over("id") > 1
        taken = taken.with_columns(pl.when(~several).then(name).alias(name) for name in LISTS[1:])
    wanted = [name for name in TAKEN if name in taken.columns]
    return made.join(taken.select("line", *wanted), on="line", how="left", maintain_order="left")


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
