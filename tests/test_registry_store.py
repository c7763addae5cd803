"""The registry as its users see it, on both stores."""

from __future__ import annotations

import stat
import sys
import threading

import polars as pl
import pytest
from registries import AT, allotted, alter, minted, place, registry, wanted  # noqa: F401

from reconcile.errors import InputError, IssuerError, KeyMismatch, RegistryError
from reconcile.registry import Registry


def decisions(*rows):
    return pl.DataFrame(rows, schema=["table", "id_l", "id_r", "decision", "hash"], orient="row")


def test_it_is_the_same_registry_when_opened_again(place):  # noqa: F811
    with Registry.open(place, at=AT) as first:
        first.allot("AAA0001", "AAA0009", authority="Chancellor's Office")
        minted(first, wanted(1))
        held = first.issued()
    with Registry.open(place, create=False) as again:
        assert again.issued().equals(held)
        assert again.audit()["what"].to_list() == ["created", "allotted", "submitted", "approved", "minted"]
        assert again.sequence == 5
        assert again.verify().ok


@pytest.mark.parametrize("demo", [True, False])
def test_demonstration_and_real_numbers_are_not_mixed(place, demo):  # noqa: F811
    Registry.open(place, demo=demo).close()
    with pytest.raises(RegistryError, match="never mixed"):
        Registry.open(place, demo=not demo)


def test_a_missing_registry_is_not_made_unasked(place):  # noqa: F811
    with pytest.raises(RegistryError, match="no registry at"):
        Registry.open(place, create=False)


def test_a_newer_schema_is_refused(place):  # noqa: F811
    with Registry.open(place) as opened:
        alter(opened, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RegistryError, match="newer release"):
        Registry.open(place)


def test_another_programs_database_is_refused(place):  # noqa: F811
    with Registry.open(place) as opened:
        alter(opened, "DROP TABLE alembic_version")
    with pytest.raises(RegistryError, match="something else"):
        Registry.open(place)


@pytest.mark.skipif(sys.platform == "win32", reason="another operating system: no permission bits")
def test_files_are_private(tmp_path):
    with Registry.open(tmp_path / "new" / "r.sqlite"):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
        assert modes == {"r.sqlite": 0o600, "r.sqlite-wal": 0o600, "r.sqlite-shm": 0o600}
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_latest_decision_counts_and_the_earlier_stays(registry):  # noqa: F811
    assert (
        registry.record(
            decisions(("links", "1", "A", "match", "h1"), ("links", "2", "B", "match", "h2")), by="Eva"
        )
        == 2
    )
    assert registry.record(decisions(("links", "1", "A", "different", "h3")), by="Ben", at=AT) == 1
    assert registry.record(decisions(), by="Ben") == 0
    assert registry.decisions().select("id_l", "decision", "by").rows() == [
        ("1", "different", "Ben"),
        ("2", "match", "Eva"),
    ]
    assert registry.verify().ok


def test_decisions_need_their_columns_and_a_reviewer(registry):  # noqa: F811
    with pytest.raises(InputError, match="hash"):
        registry.record(decisions().drop("hash"), by="Eva")
    with pytest.raises(InputError, match="reviewer"):
        registry.record(decisions(("links", "1", "A", "match", "h")), by=" ")


@pytest.mark.parametrize("word", ["same", "Match", "", None])
def test_decisions_are_one_of_three_words(registry, word):  # noqa: F811
    rows = decisions(("links", "1", "A", "match", "h"), ("links", "2", "B", word, "h"))
    with pytest.raises(InputError, match=r"another word stands in row 2; 1 in all"):
        registry.record(rows, by="Eva")
    assert registry.decisions().is_empty()
    insert = "INSERT INTO decisions VALUES (1, 'links', '1', 'A', 'same', 'Eva', 'now', 'h', 1, NULL, NULL)"
    with pytest.raises(RegistryError, match="guarantees"):
        alter(registry, insert)


def test_a_demo_registry_has_its_range_before_numbers_are_noted(place):  # noqa: F811
    with Registry.open(place, demo=True) as demo:
        assert demo.note_seen(pl.Series(["ZAA0001", "AAA0001"])) == 1
        assert minted(demo, wanted(1)).frame["cccid"].to_list() == ["DEMO-ZAA0002"]


def test_crosswalk_keeps_every_number_of_a_student(registry):  # noqa: F811
    minted(registry, wanted(1))
    noted = pl.DataFrame(
        {
            "college": ["021"] * 3,
            "sis_id": ["1"] * 3,
            "cccid": ["ABC1234", "ABC1234", "AAA0001"],
            "origin": ["sis"] * 3,
        }
    )
    assert registry.note_crosswalk(noted, at=AT) == 2
    assert registry.note_crosswalk(noted, at=AT) == 0
    assert registry.crosswalk().select("cccid", "origin").rows() == [
        ("AAA0001", "issued"),
        ("ABC1234", "sis"),
    ]


def test_ranges_are_allotted_by_somebody_once_and_apart(registry):  # noqa: F811
    registry.allot("AAA0001", "AAZ9999", authority="Chancellor's Office")
    assert registry.audit()["what"].to_list().count("allotted") == 1
    with pytest.raises(IssuerError, match="overlaps"):
        registry.allot("AAZ9999", "ABA0001", authority="Chancellor's Office")
    with pytest.raises(IssuerError, match="backwards"):
        registry.allot("BBB0002", "BBB0001", authority="Chancellor's Office")
    with pytest.raises(IssuerError, match="authority"):
        registry.allot("BBB0001", "BBB0002", authority=" ")
    with pytest.raises(InputError, match="Not a CCCID"):
        registry.allot("BBB0000", "BBB0002", authority="Chancellor's Office")


def test_a_demo_registry_takes_no_range(tmp_path):
    with (
        Registry.open(tmp_path / "r.sqlite", demo=True) as demo,
        pytest.raises(IssuerError, match="own range"),
    ):
        demo.allot("AAA0001", "AAA0002", authority="Chancellor's Office")


def test_one_ssn_key_is_pinned(registry):  # noqa: F811
    registry.pin_key("0a1b2c3d")
    registry.pin_key("0a1b2c3d")
    with pytest.raises(KeyMismatch, match="another SSN key"):
        registry.pin_key("ffffffff")


def test_threads_may_share_a_registry(registry):  # noqa: F811
    def work(name):
        for turn in range(5):
            registry.record(decisions(("links", name, str(turn), "match", "h")), by=name)

    threads = [threading.Thread(target=work, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.decisions().height == 20
    assert registry.verify().ok


def test_it_shows_where_it_is_and_what_it_is_stamped(tmp_path):
    with Registry.open(tmp_path / "r.sqlite", demo=True) as demo:
        assert repr(demo).endswith("r.sqlite', DEMO)")
