"""The whole job on the sample files, a scripted second person approving; numbers are for practice only."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Final

from reconcile.flow.compared import keep
from reconcile.flow.inputs import read_inputs
from reconcile.flow.practice import practice_plan
from reconcile.flow.run import Run, reconcile_inputs, require_ours, silent, workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

APPROVER: Final = "scripted second approver"


def demo(
    *, out: str | Path | None = None, sis: str = "banner", progress: Callable[[str], None] | None = None
) -> Run:
    """Run the sample from files to minted numbers and audit, in a registry stamped DEMO.

    Run again on the same folder it mints nobody: those students wait for the load.

    Args:
        out: the workspace; "demo" in the current folder when None.
        sis: the layout of the students: "banner", "colleague" or "peoplesoft".
        progress: told the name of each step as it begins.

    Raises:
        InputError: there is no sample of that system.
        OutputError: the folder holds files of somebody else.
    """
    from reconcile.flow.outputs import write_outputs  # noqa: PLC0415 - the report is slow to import
    from reconcile.flow.submit import submit, summary  # noqa: PLC0415 - SQLAlchemy is slow to import
    from reconcile.mint.batch import approve, look_up, mint  # noqa: PLC0415
    from reconcile.registry import Registry  # noqa: PLC0415
    from reconcile.validate import suite_hash  # noqa: PLC0415

    say = progress or silent
    stamp = datetime.now(UTC)
    plan = practice_plan(out or "demo", sis=sis)
    require_ours(plan.workspace)
    # The practice registry's clock stands at the plan's day, so that equal demos give equal bytes.
    day = datetime.combine(plan.as_of, time(12), UTC)
    inputs = read_inputs(plan, progress=say)
    with workspace(plan), Registry.open(plan.registry, demo=True) as registry:
        done = reconcile_inputs(plan, inputs, registry, progress=say)
        say("Submit the batch")
        submit(done, registry, at=day)
        if done.batch is not None and done.batch.state == "submitted":
            say("Approve and mint (a scripted second person)")
            rules = suite_hash("mint_request", policy=plan.policy)
            approve(registry, done.batch.id, approver=APPROVER, suite_hash=rules, at=day)
            mint(done.batch.id, registry=registry, suite_hash=rules, at=day)
            done.batch = summary(look_up(registry, done.batch.id), plan)
        say("Write the reports")
        write_outputs(done, registry, stamp=stamp)
        keep(plan, inputs, done.links, done.student_duplicates.pairs)
    return done
