"""Each file with personal data that leaves is a line of the audit log: who, when, what, how many."""

from __future__ import annotations

import json
import re
from pathlib import Path

from registries import AT, allotted, minted, registry, submitted, wanted  # noqa: F401

import reconcile
from reconcile.cli import main
from reconcile.files import sha256
from reconcile.mint.batch import approve
from reconcile.mint.deliver import deliver, loaded, write_differences
from reconcile.mint.handover import hand_over
from reconcile.registry import Registry
from reconcile.registry.backup import backup, export
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


# Modules that write files without a record of it, and why none is owed.
WITHOUT = {
    "exports.py": "the writers themselves",
    "files.py": "the writers themselves",
    "flow/compared.py": "stays in the workspace of the plan",
    "flow/kept.py": "stays in the workspace of the plan",
    "flow/outputs.py": "stays in the workspace of the plan",
    "report/__init__.py": "stays in the workspace of the plan",
    "flow/lab.py": "notebooks and settings",
    "flow/notebook.py": "a page of what is on the screen of a notebook: ids and counts, no fields of people",
    "flow/practice.py": "invented answers to a demo",
    "flow/reclaim.py": "a message to the student it speaks of; the log has the step",
    "sample/make.py": "invented people",
    "cli/account.py": "an empty form",
    "cli/batch_out.py": "an empty form",
    "cli/dictionary.py": "rules",
    "cli/inspect.py": "a file looked at before there is a registry; values are masked",
    "cli/map.py": "names of columns",
    "cli/mis.py": "an empty form",
    "cli/plan.py": "an empty form",
    "privacy/change.py": "keys",
    "registry/anchor.py": "hashes",
    "registry/connect.py": "the registry",
    "registry/restore.py": "the registry",
    "review/__init__.py": "noted by flow/decisions.py, which alone writes work lists",
    "review/parcel.py": "noted by flow/decisions.py, which alone writes work lists",
}


def test_whatever_writes_a_file_notes_it_or_says_why_not():
    writes = re.compile(r"\b(write_private|write_for_\w+|whole_folder|touch_private)\(")
    source = Path(reconcile.__file__).parent
    texts = {
        path.relative_to(source).as_posix(): path.read_text(encoding="utf-8") for path in source.rglob("*.py")
    }
    writers = {name for name, text in texts.items() if writes.search(text)}
    noting = {name for name in writers if "disclose" in texts[name]}
    assert writers - noting == WITHOUT.keys()
    assert noting >= {f"mint/{name}.py" for name in ("credentials", "deliver", "handover")}


def test_a_backup_and_its_copy_say_who_took_it(registry, tmp_path):  # noqa: F811
    minted(registry, wanted(1, 2))
    backup(registry, tmp_path / "copy.sqlite", by="Ben")
    with Registry.open(tmp_path / "copy.sqlite", create=False) as copied:
        for one in (registry, copied):
            assert disclosures(one).select("who", "kind", "file", "people").rows() == [
                ("Ben", "backup", "copy.sqlite", 2)
            ]


def test_differences_from_an_extract_leave_one_and_calculate_nothing(registry, tmp_path):  # noqa: F811
    batch = minted(registry, wanted("=1+1")).batch
    deliver(registry, batch, tmp_path / "load.csv", by="Ana", at=AT)
    shown = wanted("other").select("college", "sis_id", "cccid")
    found = loaded(registry, batch, by="Ana", shown=shown, at=AT)
    text = write_differences(registry, found, tmp_path / "d.csv", by="Ana").read_text(encoding="utf-8")
    assert "'=1+1" in text
    assert disclosures(registry)["kind"].to_list() == ["load file", "difference"]
