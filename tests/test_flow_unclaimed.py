"""Accounts on behalf are followed until they are their students', here and at OpenCCC."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from accounts import cheap, claimed, people, secrets_of  # noqa: F401
from plans import take
from registries import AT, approved, minted

from reconcile.errors import AccountError, InputError
from reconcile.flow.reclaim import addresses_of, begin_reclaim
from reconcile.flow.unclaimed import follow
from reconcile.mint.credentials import Way, deliver_credentials
from reconcile.mint.handover import hand_over
from reconcile.mint.result import COLUMNS, enter_result
from reconcile.plan import Plan
from reconcile.registry import Registry

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
# What the next snapshot says of each account that OpenCCC made: address, verified.
LATER = {
    "BCD0001": ("Accounts+021-1@college.edu", "false"),  # as it was made, but for a capital
    "BCD0002": ("accounts+other@college.edu", "true"),  # the mailbox under another tag
    "BCD0003": ("kim@home.example.net", "true"),
    "BCD0004": ("", "false"),
    "BCD0005": ("own5@example.org", "false"),
    "BCD0006": ("own6@example.org", "true"),
}


@pytest.fixture
def opened(tmp_path):
    with Registry.open(tmp_path / "r.sqlite", at=AT) as made:
        made.allot("ZBB0001", "ZBB0009", authority="Chancellor's Office", at=AT)
        yield made


@pytest.fixture
def plan(tmp_path):
    """Give a plan whose snapshot holds the accounts of `LATER`."""
    with (SAMPLE / "accounts.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        pattern, columns = next(reader), reader.fieldnames
    with (tmp_path / "accounts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for number, (address, verified) in LATER.items():
            writer.writerow(pattern | {"ccc_id": number, "email": address, "email_verified": verified})
    return Plan.read(take(SAMPLE / "colleague", tmp_path / "colleague"), files=False)


def at_openccc(opened, folder):
    """Have OpenCCC make seven accounts; students 5 and 6 have addresses of their own."""
    ids = [str(n) for n in range(1, 8)]
    own = pl.when(pl.col("sis_id").is_in(["5", "6"])).then(pl.format("own{}@example.org", "sis_id"))
    rows = people(*ids).with_columns(
        email=own.otherwise("email"), proxy_application=(pl.col("sis_id") == "3").cast(pl.String)
    )
    batch = approved(opened, rows, issuer="openccc").id
    hand_over(opened, batch, folder / "up.csv", by="Ben", at=AT)
    answers = pl.DataFrame(
        [(n, None, str(n), "created", f"BCD000{n}", None) for n in range(1, 8)],
        schema={"row": pl.Int64, **dict.fromkeys(COLUMNS[1:], pl.String)},
        orient="row",
    )  # fmt: skip
    enter_result(opened, batch, answers, by="Ben", file="result.csv", at=AT)


def test_the_next_snapshot_shows_which_addresses_changed(opened, tmp_path, plan):
    at_openccc(opened, tmp_path)
    found = follow(opened, plan=plan, at=AT + timedelta(days=45, hours=3))
    assert dict(found.frame.select("cccid", "state").rows()) == {
        "BCD0001": "unclaimed", "BCD0002": "unclaimed", "BCD0003": "claimed", "BCD0004": "unclaimed",
        "BCD0005": "unclaimed", "BCD0006": "claimed", "BCD0007": "not_in_snapshot",
    }  # fmt: skip
    assert found.frame["days"].unique().to_list() == [45]
    assert found.frame["kept_by"].unique().to_list() == ["openccc"]
    assert found.unclaimed.height == 5
    assert found.frame.filter(application="by_proxy")["cccid"].to_list() == ["BCD0003"]
    assert "2 of 7 were claimed" in repr(found)
    assert "example.org" not in repr(found)
    bare = follow(opened, at=AT)
    assert bare.frame.is_empty()
    assert "followed with a plan" in repr(bare)


def test_accounts_of_the_registry_are_listed_by_age(opened, tmp_path, cheap):  # noqa: F811
    old = minted(opened, people(1, 2, 3)).batch
    secrets = secrets_of(opened, old, tmp_path)
    deliver_credentials(opened, ["ZBB0001"], to="the student", how=Way.PHONE, by="Ben", at=AT)
    claimed(opened, "ZBB0002", secrets["ZBB0002"])
    later = AT + timedelta(days=31)
    new = minted(opened, people(4, proxy_application="true")).batch
    secrets_of(opened, new, tmp_path, at=later)
    found = follow(opened, at=later).frame
    assert found.select("cccid", "state", "credentials", "days").rows() == [
        ("ZBB0001", "unclaimed", "expired", 31),
        ("ZBB0002", "claimed", "none", 31),
        ("ZBB0003", "unclaimed", "expired", 31),
        ("ZBB0004", "unclaimed", "to_deliver", 0),
    ]
    assert found["application"].to_list() == [None, None, None, "by_proxy"]
    drawn = follow(opened, at=later).picture
    assert "up to 7 days, 0 of 1 claimed; 31 to 90 days, 1 of 3 claimed" in repr(drawn)
    assert follow(opened, at=AT).frame["credentials"].to_list()[:2] == ["delivered", "none"]


def test_an_address_of_the_snapshot_is_in_use(opened, tmp_path, plan, cheap):  # noqa: F811
    secrets = secrets_of(opened, minted(opened, people(1)).batch, tmp_path)
    taken = addresses_of(plan)
    there = {address.lower() for address, _ in LATER.values()} - {""}
    assert taken == there | {"accounts@college.edu"}  # and the mailbox behind a tag
    mail = {"outbox": tmp_path / "outbox", "sender": "accounts@college.edu", "taken": taken, "at": AT}
    with pytest.raises(AccountError, match="already in use"):
        begin_reclaim(opened, "ZBB0001", secrets["ZBB0001"], "KIM@home.example.net", **mail)
    assert list((tmp_path / "outbox").iterdir()) == []
    for sender in ("", "no address", "a b@c.net"):
        with pytest.raises(InputError, match="valid e-mail address"):
            begin_reclaim(opened, "ZBB0001", secrets["ZBB0001"], "a@b.net", **(mail | {"sender": sender}))
    begin_reclaim(opened, "ZBB0001", secrets["ZBB0001"], "josé@home.example.net", **mail)
    [message] = (tmp_path / "outbox").iterdir()
    assert "To: josé@home.example.net" in message.read_text(encoding="utf-8")
