"""The whole job on the sample files, a scripted second person approving; numbers are for practice only."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconcile.errors import InputError, RegistryError, nearest
from reconcile.flow.inputs import read_inputs
from reconcile.flow.run import Run, reconcile_inputs, require_ours, silent, workspace
from reconcile.plan import Plan
from reconcile.resources import sample

if TYPE_CHECKING:
    from collections.abc import Callable

APPROVER: Final = "scripted second approver"
SYSTEMS: Final = ("banner", "colleague", "peoplesoft")


def practice_registry(home: Path, /) -> Path:
    """Choose where the demo keeps its registry: beside its outputs, unless a service copies that folder.

    Documents often lie in such a folder on Windows; a registry there is refused, and the first try of the
    program should not end with that.
    """
    from platformdirs import user_data_path  # noqa: PLC0415 - only here

    from reconcile.registry.place import require_local  # noqa: PLC0415

    place = home / "registry.sqlite"
    try:
        return require_local(place)
    except RegistryError:
        name = hashlib.sha256(str(home).encode("utf-8")).hexdigest()[:12]
        return user_data_path("reconcile", appauthor=False) / "demo" / f"{name}.sqlite"


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

    if sis not in SYSTEMS:
        raise InputError(f'There is no sample of "{sis}".{nearest(sis, SYSTEMS)}')
    say = progress or silent
    stamp = datetime.now(UTC)
    home = Path(out or "demo").expanduser().resolve()
    plan = replace(
        Plan.read(sample() / sis / "plan.toml"), workspace=home, registry=str(practice_registry(home))
    )
    require_ours(home)
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
    return done
