"""Copies of a registry in use, and putting one back without issuing a number twice."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import polars as pl
import pytest
from accounts import ADDRESS, Mail, claimed, lower_the_price
from accounts import held as own_accounts
from registries import AT, NOT_ON_WINDOWS, allotted, minted, new_database, registry, wanted  # noqa: F401

from reconcile.errors import ApprovalError, InputError, OutputError, RegistryError
from reconcile.mint.claim import start
from reconcile.mint.void import void
from reconcile.registry import Registry
from reconcile.registry.access import Asked, ask, grant, name_first
from reconcile.registry.anchor import anchor, beside, differences
from reconcile.registry.backup import backup, export, held
from reconcile.registry.restore import restore
from reconcile.registry.tables import metadata

WHO = {"demo": False, "by": "Ana", "approver": "Ben", "reason": "the disk died", "at": AT}


def test_a_backup_is_whole_while_others_write(registry, tmp_path):  # noqa: F811
    minted(registry, wanted("0"))
    writer = threading.Thread(target=lambda: [minted(registry, wanted(f"w{turn}")) for turn in range(5)])
    writer.start()
    made = backup(registry, tmp_path / "copy.sqlite")
    writer.join()
    assert made.ok
    with Registry.open(tmp_path / "copy.sqlite", create=False) as copied:
        assert (copied.sequence, copied.verify().ok) == (made.entries, True)
        assert set(copied.issued()["cccid"]) <= set(registry.issued()["cccid"])
    with pytest.raises(OutputError, match="not overwritten"):
        backup(registry, tmp_path / "copy.sqlite")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_registry_moves_to_another_store(registry, tmp_path):  # noqa: F811
    minted(registry, wanted("1", "2"))
    void(registry, "AAA0001", by="Ana", approver="Ben", reason="twice")
    backup(registry, tmp_path / "copy.sqlite")
    target = tmp_path / "new.sqlite" if registry.path is None or sys.platform == "win32" else new_database()
    assert restore(tmp_path / "copy.sqlite", target, **WHO)["entries"] == 7
    with Registry.open(target, create=False) as there:
        assert there.verify().ok
        assert there.issued(voided=True).equals(registry.issued(voided=True))
        assert minted(there, wanted("3")).frame["cccid"].to_list() == ["AAA0003"]
    if str(target).startswith("postgres"):
        with pytest.raises(RegistryError, match="holds a registry already"):
            restore(tmp_path / "copy.sqlite", target, **WHO)


@pytest.fixture
def lost(tmp_path):
    """A registry, a backup of it, and a number that was issued after the backup."""
    place = tmp_path / "r.sqlite"
    with Registry.open(place) as opened:
        opened.allot("AAA0001", "AAA0099", authority="Chancellor's Office")
        minted(opened, wanted("1"))
        backup(opened, tmp_path / "copy.sqlite")
        minted(opened, wanted("2"))
        minted(opened, wanted("b", kind="recover", cccid="AAA0050"))
        anchor(opened, beside(opened))
    return place, tmp_path / "copy.sqlite"


def test_what_a_backup_lacks_is_lost_only_by_two_peoples_word(lost, tmp_path):
    place, copy = lost
    with pytest.raises(
        RegistryError, match="ends at audit entry 6, and the registry had come to 12: 6 entries"
    ):
        restore(copy, place, **WHO)
    told = restore(copy, place, accept_loss=True, rehearse=True, **WHO)
    with Registry.open(place) as opened:
        assert opened.sequence == 12
    assert restore(copy, place, accept_loss=True, **WHO) == told
    assert told["lost"] == [7, 12]
    with Registry.open(place) as opened:
        assert opened.verify().ok
        assert differences(opened, beside(opened)) == []
        assert opened.audit()["what"][-1] == "restored"
        assert minted(opened, wanted("2")).frame["cccid"].to_list() == ["AAA0003"]  # AAA0002 had gone out
        opened.note_seen(pl.Series(["AAA0004"]))
    with Registry.open(tmp_path / "r.sqlite.before-restore-12") as kept:
        assert kept.sequence == 12
        assert kept.verify().ok


@pytest.mark.skipif(sys.platform == "win32", reason=NOT_ON_WINDOWS)
def test_a_server_learns_from_an_anchor_how_far_it_had_come(lost, tmp_path):
    place, copy = lost
    known, empty = {"anchors": [place.with_name("r.sqlite.anchor")]}, new_database()
    with pytest.raises(RegistryError, match="6 entries would be lost"):
        restore(copy, empty, **known, **WHO)
    assert restore(copy, empty, accept_loss=True, rehearse=True, **known, **WHO)["lost"] == [7, 12]
    assert restore(copy, empty, accept_loss=True, **known, **WHO)["kept"] is None
    with Registry.open(empty, create=False) as there:
        assert there.verify().ok
        assert minted(there, wanted("9")).frame["cccid"].to_list() == ["AAA0003"]
        assert differences(there, known["anchors"][0]) == []


def test_a_rollback_after_a_restore_is_noticed_too(lost, tmp_path):
    place, copy = lost
    restore(copy, place, accept_loss=True, **WHO)
    backup_of = tmp_path / "after.sqlite"
    with Registry.open(place) as opened:
        backup(opened, backup_of)
        minted(opened, wanted("3"))
        anchor(opened, beside(opened))
        assert opened.sequence < 12
    restored = {"accept_loss": True, "rehearse": True} | WHO
    assert restore(backup_of, place, **restored)["lost"] == [9, 12]
    with Registry.open(backup_of) as early:
        assert "earlier copy of itself" in differences(early, place.with_name("r.sqlite.anchor"))[0]


def test_a_damaged_registry_is_replaced_and_its_anchors_count(lost):
    place, copy = lost
    for end in ("-wal", "-shm"):
        place.with_name(place.name + end).unlink(missing_ok=True)
    place.write_bytes(b"not a database at all, but long enough to be looked at" * 40)
    with pytest.raises(RegistryError, match="6 entries would be lost"):
        restore(copy, place, **WHO)
    told = restore(copy, place, accept_loss=True, **WHO)
    assert told["lost"] == [7, 12]
    assert Path(told["kept"]).read_bytes().startswith(b"not a database")
    with Registry.open(place) as opened:
        assert minted(opened, wanted("9")).frame["cccid"].to_list() == ["AAA0003"]


def test_a_restore_takes_two_people_a_reason_and_the_right_backup(lost, tmp_path):
    place, copy = lost
    for changes, error, problem in (
        ({"by": ""}, InputError, "who makes it"),
        ({"approver": " "}, ApprovalError, "who agrees"),
        ({"approver": "ANA"}, ApprovalError, "cannot agree"),
        ({"reason": ""}, InputError, "takes a reason"),
        ({"demo": True}, RegistryError, "never mixed"),
    ):
        with pytest.raises(error, match=problem):
            restore(copy, place, **(WHO | changes))
    with Registry.open(tmp_path / "other.sqlite", at=AT) as other:
        minted_other = other.sequence
    assert minted_other
    with pytest.raises(InputError, match="There is no backup at"):
        restore(tmp_path / "none.sqlite", place, **WHO)
    with pytest.raises(RegistryError, match="is another registry"):
        restore(tmp_path / "other.sqlite", place, **WHO)


def test_export_leaves_names_in_the_registry(registry, tmp_path):  # noqa: F811
    minted(registry, wanted("1").with_columns(last_name=pl.lit("Zzyzx")))
    rows = export(registry, tmp_path / "csv")
    assert rows["issued"] == 1
    texts = [path.read_text(encoding="utf-8") for path in (tmp_path / "csv").iterdir()]
    assert len(texts) == len(rows)
    assert not any("Zzyzx" in text for text in texts)
    with pytest.raises(OutputError, match="not overwritten"):
        export(registry, tmp_path / "csv")


def test_an_export_is_whole_and_holds_no_secret(registry, tmp_path, monkeypatch):  # noqa: F811
    lower_the_price(monkeypatch)
    _, secrets = own_accounts(registry, tmp_path, 1, 2)
    mail = Mail()
    claimed(registry, "AAA0001", secrets["AAA0001"])
    start(registry, "AAA0002", secrets["AAA0002"], "lee@home.example.net", send=mail, at=AT)
    name_first(registry, "Dora", at=AT)
    asked = Asked("=Eva", "Clerk", "Pat Example", "eva@college.edu", "021", "reviewer", "fall", "eva")
    grant(registry, ask(registry, asked, by="Dora", at=AT), by="Dora", at=AT)
    was = held(registry)
    rows = export(registry, tmp_path / "csv", by="Dora")
    assert {name: rows[name] for name in metadata.tables} == was
    assert was.keys() >= {"grants", "access_requests", "accounts", "credentials", "reclaims"}
    found = {path.stem: pl.read_csv(path, infer_schema=False) for path in (tmp_path / "csv").iterdir()}
    assert {name: table.height for name, table in found.items()} == rows
    assert found["accounts"]["state"].to_list() == ["claimed", "held"]
    assert found["grants"]["person"].to_list() == ["Dora", "'=Eva"]
    kept = registry.inspect(
        lambda c: [
            *c.exec_driver_sql("SELECT hash FROM credentials WHERE hash IS NOT NULL").scalars(),
            *c.exec_driver_sql("SELECT code FROM reclaims").scalars(),
            *c.exec_driver_sql("SELECT password FROM accounts WHERE password IS NOT NULL").scalars(),
            *c.exec_driver_sql("SELECT row_hash FROM requests").scalars(),
        ]
    )
    assert len(kept) == 5
    written = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "csv").iterdir())
    private = [*kept, *secrets.values(), mail.code, "Kim", "2001-02-0", ADDRESS, "lee@home", "+021-1@"]
    assert [text for text in private if text in written] == []
    assert "argon2" not in written
