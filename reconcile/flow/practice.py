"""Practice on the sample: a registry of its own, a run that proposes nothing, and OpenCCC played."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTPUTF8
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from reconcile.cccid import texts
from reconcile.columns import Band
from reconcile.errors import InputError, RegistryError, nearest
from reconcile.files import write_private
from reconcile.flow.compared import look_up
from reconcile.flow.estimate import sample_pairs
from reconcile.flow.inputs import read_inputs, read_students
from reconcile.flow.requests import creation_form, reachable
from reconcile.flow.run import Run, reconcile_inputs, silent, workspace
from reconcile.mint import claim
from reconcile.plan import Plan
from reconcile.read import read
from reconcile.resources import sample
from reconcile.review import review
from reconcile.standardize import standardize

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from reconcile.registry import Registry

COLLEAGUE: Final = "a colleague who knows the truth"
SYSTEMS: Final = ("banner", "colleague", "peoplesoft")
_NOBODY: Final = pl.DataFrame(schema={"email": pl.String})


def practice(
    out: str | Path, /, *, sis: str = "banner", progress: Callable[[str], None] | None = None
) -> Run:
    """Run the sample up to one status a student, for somebody who makes the batch by hand.

    Nothing is proposed and no report is written; the registry, stamped DEMO, is made.

    Args:
        out: the workspace.
        sis: the layout of the students: "banner", "colleague" or "peoplesoft".
        progress: told the name of each step as it begins.

    Raises:
        InputError: there is no sample of that system.
        OutputError: the folder holds files of somebody else.
    """
    from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import

    plan, say = practice_plan(out, sis=sis), progress or silent
    with workspace(plan), Registry.open(plan.registry, demo=True) as registry:
        return reconcile_inputs(plan, read_inputs(plan, progress=say), registry, progress=say)


def practice_plan(out: str | Path, /, *, sis: str) -> Plan:
    """Take the plan of a sample, its results and its registry in a folder of the user's."""
    if sis not in SYSTEMS:
        raise InputError(f'There is no sample of "{sis}".{nearest(sis, SYSTEMS)}')
    home = Path(out).expanduser().resolve()
    plan = Plan.read(sample() / sis / "plan.toml")
    return replace(plan, workspace=home, registry=str(practice_registry(home)))


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


def play_reviewer(
    plan: Plan,
    /,
    *,
    truth: tuple[Path, Path] | None = None,
    pairs: int = 150,
    progress: Callable[[str], None] | None = None,
) -> int:
    """Let a colleague who knows the truth of the sample decide pairs of every level of certainty.

    Args:
        plan: of `practice_plan`; its registry takes the decisions.
        truth: sis_id and person, cccid and person: files of a sample; the shipped one's when None.
        pairs: how many.
        progress: told the name of each step as it begins.

    Returns:
        How many were decided; 0 when the colleague has been there before.
    """
    from reconcile.flow.desk import compared_once  # noqa: PLC0415 - only here
    from reconcile.registry import Registry  # noqa: PLC0415 - SQLAlchemy is slow to import

    inputs = read_inputs(plan, progress=progress or silent)
    compared = compared_once(plan, inputs, look_up(inputs), progress=progress or silent)
    drawn = sample_pairs(compared, pairs=pairs)
    bands = tuple(band.value for band in Band)
    ids = ("sis_id", "cccid")
    asked = review(drawn, inputs.tables["students"], inputs.searched, id=ids, bands=bands).frame
    of_students, of_accounts = truth or (
        sample() / "banner" / "truth_students.csv", sample() / "truth_accounts.csv",
    )  # fmt: skip
    owners = read(of_students).frame.select(id_l="sis_id", owner="person")
    holders = read(of_accounts).frame.select(id_r="cccid", holder="person")
    known = asked.drop("decision").join(owners, on="id_l").join(holders, on="id_r")
    said = pl.when(pl.col("owner") == pl.col("holder")).then(pl.lit("match")).otherwise(pl.lit("different"))
    with Registry.open(plan.registry, demo=True) as registry:
        if COLLEAGUE in set(registry.words()["by"]):
            return 0
        return registry.record(known.with_columns(decision=said), by=COLLEAGUE)


def play_requests(plan: Plan, /, *, rows: int, seed: int = 5) -> pl.DataFrame:
    """Make requests for accounts of people who do not exist, each of them good enough to be created.

    Args:
        plan: its college, mailbox, attestation and [request].
        rows: how many.
        seed: the same seed gives the same people.

    Returns:
        The rows of a batch, as `mint.draft.draft` takes them.
    """
    from reconcile.sample import generate  # noqa: PLC0415 - beside its only use
    from reconcile.validate import validate  # noqa: PLC0415 - Great Expectations is slow to import

    with tempfile.TemporaryDirectory() as folder:
        files = generate(out=Path(folder) / "sample", students=2 * rows + 50, accounts=0, seed=seed)
        found = read_students(Plan.read(files.plan)).frame
    everybody = standardize(found, id="sis_id").frame
    people = everybody.unique(["key_last", "birthdate"], keep="first", maintain_order=True)  # and no twins
    asked = reachable(creation_form(people, plan.mint).with_columns(kind=pl.lit("mint")), plan, _NOBODY, None)
    judged = validate(asked, suite="mint_request", as_of=plan.as_of, policy=plan.policy)
    return judged.passed.head(rows)


def play_students(
    registry: Registry, credentials: Path, /, *, students: int, at: datetime | None = None
) -> int:
    """Let the first students of a file of credentials take their accounts over, and return how many did.

    Args:
        registry: where the accounts are kept.
        credentials: as `write_credentials` wrote it, not encrypted.
        students: how many.
        at: when; now when None.
    """
    some = pl.read_csv(credentials, infer_schema=False).head(students)
    for number, secret in some.select("cccid", "secret").rows():
        mail: dict[str, str] = {}

        def send(address: str, code: str, _ends: datetime, mail: dict[str, str] = mail) -> None:
            mail[address] = code

        address = f"{number.lower()}@home.example.net"
        claim.start(registry, number, secret, address, send=send, at=at)
        password = f"a password of {secrets.token_hex(8)}"
        claim.confirm(registry, number, mail[address], password, accepted_terms=True, at=at)
    return some.height


def newest_code(outbox: Path, /) -> str:
    """Open the newest message in an outbox, as the student does, and give the code in it."""
    newest = max(outbox.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    text = message_from_bytes(newest.read_bytes(), policy=SMTPUTF8).get_content()
    return str(text).partition("Code:")[2].split("\n", 1)[0].strip()


def play_openccc(upload: Path, result: Path, /) -> int:
    """Answer an upload file as OpenCCC might, with numbers that mean nobody, and return how many rows it has.

    The first student has an account already, the last row fails, the others get new numbers.

    Args:
        upload: the file that `hand_over` wrote, by the columns that are used without a mapping.
        result: the CSV file to write: college, sis_id, result, cccid, message.
    """
    asked = read(upload).frame
    last = asked.height - 1
    row = pl.int_range(pl.len())
    said = pl.when(row == 0).then(pl.lit("already exists")).when(row < last).then(pl.lit("created"))
    answers = asked.select("college", "sis_id", result=said.otherwise(pl.lit("failed"))).with_columns(
        cccid=pl.when(row < last).then(texts(row.cast(pl.Int64))),
        message=pl.when(row == last).then(pl.lit("the address is in use")),
    )
    write_private(result, answers.write_csv())
    return answers.height
