"""What a plan says of the time after a run: in which shape the SIS takes numbers, what is kept how long."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconcile.plan.reader import Reader


@dataclass(frozen=True, kw_only=True)
class WritebackPlan:
    """In which shape numbers go back to the SIS.

    Attributes:
        shape: the name of a shipped shape, or the absolute path of a TOML file; that of the extract's
            layout when None.
        code: how an id of a person is marked that is a CCCID; found in the extract when None.
    """

    shape: str | None = None
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class RetentionPlan:
    """After how many days `purge` removes what was made; what has none stays.

    Attributes:
        credentials: files of temporary credentials.
        drafts: half-written files and folders that a killed process left in the workspace.
        warehouses: what spilled to the temporary folder and was left there.
        work_lists: lists for reviewers, and findings by key.
        uploads: files for OpenCCC and for the SIS, and their differences.
        runs: the outputs of runs, the latest apart.
    """

    credentials: int | None = None
    drafts: int | None = None
    warehouses: int | None = None
    work_lists: int | None = None
    uploads: int | None = None
    runs: int | None = None


def read_writeback(reader: Reader) -> WritebackPlan:
    """Take the section [writeback], which may be left out."""
    reader.has("writeback")
    shape = reader.maybe_text("writeback", "shape")
    own = shape is not None and shape.endswith(".toml")
    return WritebackPlan(
        shape=str(reader.resolve(shape)) if own and shape else shape,
        code=reader.maybe_text("writeback", "code"),
    )


def read_retention(reader: Reader) -> RetentionPlan:
    """Take the section [retention], which may be left out."""
    reader.has("retention")
    return RetentionPlan(**{one.name: reader.count("retention", one.name) for one in fields(RetentionPlan)})
