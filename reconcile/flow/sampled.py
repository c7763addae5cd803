"""A sample of scored pairs for people to decide, from which the quality of the links is estimated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.columns import Band
from reconcile.errors import InputError
from reconcile.flow.compared import kept
from reconcile.flow.decisions import hand_out
from reconcile.flow.estimate import sample_pairs
from reconcile.flow.inputs import read_inputs
from reconcile.flow.run import silent
from reconcile.review import review

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconcile.plan import Plan
    from reconcile.review import WorkList

SURE: Final = 60  # pairs of band link: some are called unsure, and fifty are needed
OTHERS: Final = 90  # pairs of the other bands, for what was not linked


@dataclass(frozen=True)
class Scored:
    """Scored pairs in the shape in which they are sampled and estimated."""

    pairs: pl.DataFrame


def write_sample(
    plan: Plan, file: Path, /, *, reader: str = "", progress: Callable[[str], None] = silent
) -> Path:
    """Write a work list of pairs that chance chose from the last run, sure links above all.

    The same pairs are chosen as long as inputs and plan are the same; decided ones are left out.

    Args:
        plan: which has run.
        file: the list to write, as CSV or XLSX; it holds names.
        reader: who is going to decide; nobody in particular, who sees no birthdate, when empty.
        progress: told the name of each step as it begins.

    Raises:
        InputError: the plan has not run on these inputs.
        OutputError: there is such a file.
    """
    inputs = read_inputs(plan, progress=progress)
    compared = kept(plan, inputs)
    if compared is None:
        raise InputError(
            f"The plan has not run since it or its inputs changed. `reconcile run {plan.path.name}` first."
        )
    sure = pl.col("band").cast(pl.String) == Band.LINK.value
    chosen = pl.concat(
        [
            sample_pairs(Scored(compared.pairs.filter(sure)), pairs=SURE),  # type: ignore[arg-type] # has pairs
            sample_pairs(Scored(compared.pairs.filter(~sure)), pairs=OTHERS),  # type: ignore[arg-type]
        ]
    )

    def listed(*, decided: object) -> WorkList:
        made = review(
            chosen, inputs.tables["students"], inputs.searched,
            id=("sis_id", "cccid"), decided=decided, bands=tuple(band.value for band in Band),
        )  # fmt: skip
        # By chance, as chosen: the order is not to say which pairs are likely ones.
        mixed = made.frame.sort(pl.col("hash").str.tail(6), "id_l", "id_r")
        return replace(made, frame=mixed.with_columns(why=pl.lit("chosen by chance, to check the links")))

    return hand_out(plan, file, listed, reader=reader)
