"""A registry that was put back to an earlier day is noticed, and so is a clock that went back."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from registries import AT, allotted, alter, minted, registry, wanted  # noqa: F401

from reconcile.errors import OutputError, RegistryError
from reconcile.registry import Registry
from reconcile.registry.anchor import (
    anchor,
    beside,
    differences,
    read_anchors,
    require_clock,
    require_current,
)
from reconcile.registry.disclosures import EXPORT, disclose


def test_an_anchor_holds_while_the_registry_goes_on(registry, tmp_path):  # noqa: F811
    file = tmp_path / "elsewhere" / "anchors"
    assert differences(registry, file) == []
    first = anchor(registry, file, at=AT)
    assert anchor(registry, file, at=AT + timedelta(days=1)) == first
    minted(registry, wanted("1"))
    second = anchor(registry, file)
    assert [a["sequence"] for a in read_anchors(file)] == [first["sequence"], second["sequence"]]
    assert second["next"] == {"0": 1}
    assert differences(registry, file) == []
    require_current(registry, file)
    with file.open("a", encoding="utf-8") as torn:
        torn.write('{"registry": "')
    assert len(read_anchors(file)) == 2


def test_a_copy_of_last_week_is_noticed(tmp_path):
    place = tmp_path / "r.sqlite"
    with Registry.open(place) as opened:
        opened.allot("AAA0001", "AAA0099", authority="Chancellor's Office")
        minted(opened, wanted("1"))
    old = shutil.copy(place, tmp_path / "old.sqlite")
    with Registry.open(place) as opened:
        minted(opened, wanted("2"))
        file = beside(opened)
        anchor(opened, file)
    for end in ("-wal", "-shm"):
        (tmp_path / f"r.sqlite{end}").unlink(missing_ok=True)
    shutil.copy(old, place)
    with Registry.open(place) as opened:
        assert opened.verify().ok  # by itself it is whole
        assert "it is an earlier copy of itself" in differences(opened, file)[0]
        with pytest.raises(RegistryError, match=r"was put back.*--accept-loss"):
            require_current(opened)
        minted(opened, wanted("3"))
        minted(opened, wanted("4"))
        assert "went on from an earlier copy" in differences(opened, file)[0]


def test_entries_cut_off_the_end_are_noticed(tmp_path):
    """Where no table holds anything of them, the log that is left is whole by itself."""
    with Registry.open(tmp_path / "r.sqlite", at=AT) as opened:
        before = opened.sequence
        for at in range(3):
            opened.write(lambda ledger: disclose(ledger, EXPORT, tmp_path, columns=["sis_id"], people=1))
            anchor(opened, beside(opened), at=AT + timedelta(days=at))
        alter(opened, "DROP TRIGGER audit_DELETE")
        for left in (2, 1, 0):
            alter(opened, f"DELETE FROM audit WHERE seq > {before + left}")
            assert not [one for one in opened.verify().problems if "guard" not in one]
            assert "it is an earlier copy of itself" in differences(opened, beside(opened))[0]


def test_another_registry_has_no_anchor_there(registry, tmp_path):  # noqa: F811
    file = tmp_path / "anchors"
    with Registry.open(tmp_path / "other.sqlite", at=AT + timedelta(days=1)) as other:
        anchor(other, file)
    assert differences(registry, file) == ["anchors has no anchor of this registry"]
    require_current(registry, file)


@pytest.mark.parametrize("text", ["hello\nworld\n", '{"sequence": 1}\n', '[1]\n{"a": 1}\n'])
def test_a_file_of_something_else_is_refused(registry, tmp_path, text):  # noqa: F811
    file = tmp_path / "anchors"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(OutputError, match="no file of anchors"):
        anchor(registry, file)


def test_a_clock_that_went_back(registry):  # noqa: F811
    minted(registry, wanted("1"))
    last = registry.audit()["at"].max()
    hour = timedelta(hours=1)
    moment = AT - timedelta(days=1)
    with pytest.raises(RegistryError, match=rf"last entry was made at {last[:16]}.*Set the clock"):
        require_clock(registry, allowed=hour, at=moment)
    require_clock(registry, allowed=timedelta(days=9), at=moment)


def test_a_server_keeps_no_anchor_by_itself(registry, tmp_path):  # noqa: F811
    assert (beside(registry) is None) == (registry.path is None)
    require_current(registry)
