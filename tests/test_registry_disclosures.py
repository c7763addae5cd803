"""Each file with personal data that leaves is a line of the audit log: who, when, what, how many."""

from __future__ import annotations

import json

from registries import AT, allotted, minted, registry, submitted, wanted  # noqa: F401

from reconcile.cli import main
from reconcile.files import sha256
from reconcile.mint.batch import approve
from reconcile.mint.deliver import deliver
from reconcile.mint.handover import hand_over
from reconcile.registry import Registry
from reconcile.registry.backup import export
from reconcile.registry.disclosures import WORK_LIST, disclose, disclosures


def test_a_record_says_who_when_what_how_many_and_what_for(registry, tmp_path):  # noqa: F811
    file = tmp_path / "pairs.csv"
    file.write_text("id_l,id_r\n", encoding="utf-8", newline="\n")
    registry.write(
        lambda ledger: disclose(
            ledger, WORK_LIST, file, columns=["id_l", "id_r"], people=7, by="Ana", purpose="the fall review"
        ),
        at=AT,
    )
    assert disclosures(registry).row(0, named=True) == {
        "at": "2026-11-21T12:00:00+00:00",
        "who": "Ana",
        "kind": "work list",
        "file": "pairs.csv",
        "people": 7,
        "columns": "id_l, id_r",
        "purpose": "the fall review",
        "folder": str(tmp_path.resolve()),
        "sha256": sha256(file),
    }
    assert registry.verify().ok


def test_without_a_name_the_account_of_the_machine_stands(registry, tmp_path):  # noqa: F811
    registry.write(lambda ledger: disclose(ledger, WORK_LIST, tmp_path, columns=[], people=0))
    told = registry.audit().row(-1, named=True)
    assert told["who"] == (json.loads(told["detail"])["machine"]["user"] or "unknown")
    assert disclosures(registry)["sha256"].to_list() == [""]


def test_files_for_openccc_and_for_the_sis_leave_one(registry, tmp_path):  # noqa: F811
    upload, load = tmp_path / "upload.csv", tmp_path / "load.csv"
    asked = submitted(registry, wanted(1, 2), issuer="openccc")
    approve(registry, asked.id, approver="Ben", at=AT)
    hand_over(registry, asked.id, upload, by="Ana", at=AT)
    deliver(registry, minted(registry, wanted(3)).batch, load, by="Ana", at=AT)
    listed = disclosures(registry)
    assert listed.select("kind", "file", "people").rows() == [
        ("upload file", "upload.csv", 2),
        ("load file", "load.csv", 1),
    ]
    assert "birthdate" in listed["columns"][0]
    assert listed["sha256"].to_list() == [sha256(upload), sha256(load)]
    assert registry.verify().ok


def test_an_export_of_the_registry_leaves_one_and_a_rehearsal_none(allotted, registry, tmp_path):  # noqa: F811
    minted(registry, wanted(1, 2))
    export(registry, tmp_path / "out", by="Ana", purpose="the auditors")
    assert disclosures(registry).select("who", "kind", "file", "people", "purpose").rows() == [
        ("Ana", "registry export", "out", 2, "the auditors")
    ]
    with Registry.open(allotted, rehearse=True) as rehearsed:
        export(rehearsed, tmp_path / "again")
    assert disclosures(registry).height == 1
    assert (
        main(["registry", "export", str(tmp_path / "third"), "--registry", str(allotted), "--by", "Ben"]) == 0
    )
    assert disclosures(registry)["who"].to_list() == ["Ana", "Ben"]
