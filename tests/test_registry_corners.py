"""What seldom happens to a registry: each has an answer, and none changes anything by half."""

from __future__ import annotations

import logging
import shutil
import sqlite3

import polars as pl
import pytest
from registries import AT, allotted, alter, approved, minted, registry, submitted, wanted  # noqa: F401

from reconcile.errors import ApprovalError, InputError, RegistryError
from reconcile.mint.batch import look_up
from reconcile.mint.deliver import deliver, loaded
from reconcile.mint.handover import hand_over
from reconcile.mint.result import enter_result
from reconcile.mint.void import void
from reconcile.registry import Registry, schema
from reconcile.registry.anchor import anchor
from reconcile.registry.backup import backup, export
from reconcile.registry.restore import restore
from reconcile.registry.tables import SCHEMA

WHO = {"demo": False, "by": "Ana", "approver": "Ben", "reason": "the disk died", "at": AT}


@pytest.fixture
def small(tmp_path):
    with Registry.open(tmp_path / "small.sqlite", at=AT) as opened:
        opened.allot("AAA0001", "AAA0099", authority="Chancellor's Office", at=AT)
        yield opened


def spoil(path):
    """Change a number behind the registry's back."""
    with Registry.open(path) as opened:
        minted(opened, wanted("1"))
        alter(opened, "UPDATE cccids SET cccid = 'AAA0002'")


def test_a_dry_run_writes_no_anchor_and_no_files(small, tmp_path):
    minted(small, wanted("1"))
    with Registry.open(small.path, rehearse=True) as tried:
        assert anchor(tried, tmp_path / "anchors")["sequence"] == small.sequence
        assert export(tried, tmp_path / "csv")["issued"] == 1
    assert not (tmp_path / "anchors").exists()
    assert not (tmp_path / "csv").exists()


def test_a_copy_that_does_not_verify_is_not_kept(tmp_path):
    place = tmp_path / "r.sqlite"
    with Registry.open(place) as opened:
        opened.allot("AAA0001", "AAA0099", authority="Chancellor's Office")
    spoil(place)
    with (
        Registry.open(place) as opened,
        pytest.raises(RegistryError, match="does not verify: the CCCIDs of batch"),
    ):
        backup(opened, tmp_path / "copy.sqlite")
    assert not (tmp_path / "copy.sqlite").exists()
    with pytest.raises(RegistryError, match=r"The backup r\.sqlite does not verify"):
        restore(place, tmp_path / "new.sqlite", **WHO)
    assert not (tmp_path / "new.sqlite").exists()


def test_a_copy_that_cannot_be_written_leaves_nothing(small, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space left"):
        backup(small, tmp_path / "there" / "copy.sqlite")
    assert list((tmp_path / "there").iterdir()) == []


def test_another_programs_file_is_not_restored_over(small, tmp_path):
    backup(small, tmp_path / "copy.sqlite")
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()
    with pytest.raises(RegistryError, match="something else"):
        restore(tmp_path / "copy.sqlite", other, **WHO)


def test_rows_that_are_fetched_are_not_logged(small, caplog):
    logger = logging.getLogger("sqlalchemy.engine.Engine.reconcile")
    with caplog.at_level(logging.DEBUG, logger="sqlalchemy"):
        logger.debug("Row ('Zoë', 'Lee')")
        logger.info("SELECT 1")
    assert [record.getMessage() for record in caplog.records if "SELECT 1" in record.getMessage()]
    assert not [record for record in caplog.records if "Zoë" in record.getMessage()]


def test_the_newest_schema_needs_no_step(small):
    small.change(lambda connection: schema.upgrade(connection, SCHEMA))
    assert small.verify().ok


def test_a_record_is_not_tied_to_itself(small):
    names = ["college_l", "sis_id_l", "college_r", "sis_id_r", "tie"]
    itself = pl.DataFrame([("021", "1", "021", "1", "same")], schema=names, orient="row")
    assert small.note_ties(itself, by="Eva") == 0
    assert small.note_ties(itself.clear(), by="Eva") == 0


def test_a_number_of_another_college_is_no_obstacle(registry):  # noqa: F811
    minted(registry, wanted("a", kind="recover", cccid="XYZ1234", college="022"))
    rows = pl.concat(
        [
            wanted("b", kind="recover", cccid="XYZ1234"),
            wanted("c", kind="recover", cccid="XYZ0001", college="022"),
        ]
    )
    assert submitted(registry, rows).recoveries == 2


def kim(sis_id):
    named = {"first_name": "Kim", "birthdate": "2001-02-03"}
    return wanted(sis_id).with_columns(pl.lit(value).alias(name) for name, value in named.items())


def test_a_request_that_failed_blocks_nobody(registry, tmp_path):  # noqa: F811
    upload = approved(registry, pl.concat([kim("1"), wanted("9")], how="diagonal"), issuer="openccc").id
    hand_over(registry, upload, tmp_path / "up.csv", by="Ben")
    assert submitted(registry, pl.concat([kim("2"), wanted("8")], how="diagonal")).blocked == 1
    names = ("college", "sis_id", "outcome", "cccid", "reason")
    rows = pl.DataFrame(
        [(1, "021", "1", "failed", None, None), (2, "021", "9", "failed", None, None)],
        schema={"row": pl.Int64} | dict.fromkeys(names, pl.String), orient="row",
    )  # fmt: skip
    found = enter_result(registry, upload, rows, by="Ben", file="result.csv")
    assert "2 failed" in found._repr_html_()
    assert submitted(registry, kim("3")).blocked == 0


def test_a_hand_over_looks_again_too(registry, tmp_path):  # noqa: F811
    late = approved(registry, kim("2"), issuer="openccc").id
    alter(registry, f"UPDATE batches SET state = 'withdrawn' WHERE id = '{late}'")
    minted(registry, kim("1"))
    alter(registry, f"UPDATE batches SET state = 'approved' WHERE id = '{late}'")
    with pytest.raises(ApprovalError, match="went back to draft"):
        hand_over(registry, late, tmp_path / "up.csv", by="Ben")
    assert look_up(registry, late).state == "draft"
    assert not (tmp_path / "up.csv").exists()


def test_a_dry_hand_over_writes_no_file(small, tmp_path):
    batch = approved(small, wanted("1"), issuer="openccc").id
    with Registry.open(small.path, rehearse=True) as tried:
        assert hand_over(tried, batch, tmp_path / "up.csv", by="Ben") == 1
    assert not (tmp_path / "up.csv").exists()
    assert look_up(small, batch).state == "approved"


def test_the_crosswalk_keeps_the_first_word_on_a_number(registry):  # noqa: F811
    minted(registry, wanted("1"))
    noted = pl.DataFrame({"college": ["021"], "sis_id": ["1"], "cccid": ["AAA0001"], "origin": ["sis"]})
    registry.note_crosswalk(noted, at=AT)
    assert "AAA0001" in void(registry, "AAA0001", by="Ana", approver="Ben", reason="twice")._repr_html_()
    assert registry.crosswalk().filter(pl.col("sis_id") == "1").height == 1
    assert registry.given_to().is_empty()
    with pytest.raises(InputError, match="Columns are missing"):
        registry.note_ties(noted, by="Eva")


def test_a_key_that_is_pinned_already_is_not_pinned_again(small):
    small.pin_key("0a1b2c3d")
    before = small.sequence
    small.pin_key("0a1b2c3d", instead_of="ffffffff", by="Ana", at=AT)
    assert small.sequence == before


def test_a_dry_delivery_writes_no_file(small, tmp_path):
    batch = minted(small, wanted("1")).batch
    with Registry.open(small.path, rehearse=True) as tried:
        assert deliver(tried, batch, tmp_path / "load.csv", by="Ana") == 1
        with pytest.raises(RegistryError, match="is minted; it can be loaded only"):
            loaded(tried, batch, by="Ana")
    assert not (tmp_path / "load.csv").exists()
    assert look_up(small, batch).state == "minted"
