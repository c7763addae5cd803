"""An approved batch leaves as an upload file, by whatever columns the college was given."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from registries import AT, allotted, approved, registry, submitted, wanted  # noqa: F401

from reconcile.errors import ApprovalError, InputError, IssuerError, RegistryError
from reconcile.mint.batch import look_up
from reconcile.mint.handover import hand_over

ROWS = pl.concat([wanted("2", "1"), wanted("3", kind="recover", cccid="XYZ1234")])


def test_new_accounts_are_written_and_recoveries_entered(registry, tmp_path):  # noqa: F811
    batch = approved(registry, ROWS, issuer="openccc")
    assert (
        hand_over(
            registry,
            batch.id,
            tmp_path / "up.csv",
            by="Ben",
            mapping={"Ref": "sis_id", "LName": "last_name"},
            at=AT,
        )
        == 2
    )
    assert (tmp_path / "up.csv").read_text(encoding="utf-8") == "Ref,LName\n1,Example\n2,Example\n"
    assert registry.issued().select("sis_id", "cccid", "kind").rows() == [("3", "XYZ1234", "recover")]
    assert look_up(registry, batch.id).state == "handed_over"
    assert registry.verify().ok
    with pytest.raises(RegistryError, match="is handed over"):
        hand_over(registry, batch.id, tmp_path / "again.csv", by="Ben")


def test_starting_mapping_has_every_column(registry, tmp_path):  # noqa: F811
    batch = approved(registry, wanted(1), issuer="openccc")
    hand_over(registry, batch.id, tmp_path / "up.csv", by="Ben")
    assert pl.read_csv(tmp_path / "up.csv", infer_schema=False).row(0)[:5] == (
        "021",
        "1",
        None,
        None,
        "Example",
    )
    assert registry.verify().ok


def test_a_waiting_handover_keeps_its_students_out_of_other_batches(registry, tmp_path):  # noqa: F811
    batch = approved(registry, wanted(1), issuer="openccc")
    hand_over(registry, batch.id, tmp_path / "up.csv", by="Ben")
    assert submitted(registry, wanted(1, 2)).waiting == 1


def test_only_approved_batches_for_openccc_leave(registry, tmp_path):  # noqa: F811
    with pytest.raises(ApprovalError, match="is submitted"):
        hand_over(
            registry, submitted(registry, wanted(1), issuer="openccc").id, tmp_path / "up.csv", by="Ben"
        )
    with pytest.raises(IssuerError, match="mint it"):
        hand_over(registry, approved(registry, wanted(2)).id, tmp_path / "up.csv", by="Ben")
    assert not (tmp_path / "up.csv").exists()


def test_a_mapping_to_a_field_that_is_not_there_is_refused(registry, tmp_path):  # noqa: F811
    with pytest.raises(InputError, match='Did you mean "last_name"'):
        hand_over(registry, "any", tmp_path / "up.csv", by="Ben", mapping={"L": "lastname"})


def test_a_file_leaves_only_in_time_and_under_the_same_rules(registry, tmp_path):  # noqa: F811
    batch = approved(registry, ROWS, issuer="openccc", valid_until=AT.date())
    with pytest.raises(ApprovalError, match="the rules changed"):
        hand_over(registry, batch.id, tmp_path / "up.csv", by="Ben", suite_hash="newer", at=AT)
    with pytest.raises(ApprovalError, match="too old"):
        hand_over(registry, batch.id, tmp_path / "up.csv", by="Ben", at=AT + timedelta(days=2))
    with pytest.raises(InputError, match="name of who hands over"):
        hand_over(registry, batch.id, tmp_path / "up.csv", by=" ", at=AT)
    assert not (tmp_path / "up.csv").exists()
    assert hand_over(registry, batch.id, tmp_path / "up.csv", by="Ben", suite_hash="suite", at=AT) == 2
