"""OpenCCC's answers, row by row: entered where they fit, refused or shown where they do not."""

from __future__ import annotations

import polars as pl
import pytest
from registries import AT, allotted, approved, minted, registry, submitted, verdict, wanted  # noqa: F401

from reconcile.errors import InputError, IssuerError, RegistryError
from reconcile.mint.batch import look_up
from reconcile.mint.deliver import deliver, loaded
from reconcile.mint.handover import hand_over
from reconcile.mint.result import enter_result, open_conflicts
from reconcile.registry import Registry

ASKED = pl.concat([wanted("007", "8", "9"), wanted("10", kind="recover", cccid="XYZ1234")])


@pytest.fixture
def handed(registry, tmp_path):  # noqa: F811
    batch = approved(registry, ASKED, issuer="openccc")
    hand_over(registry, batch.id, tmp_path / "up.csv", by="Ben", at=AT)
    return batch.id


def answers(*rows):
    names = {"row": pl.Int64} | dict.fromkeys(("college", "sis_id", "outcome", "cccid", "reason"), pl.String)
    filled = [(at, None, *row, None) if len(row) == 3 else (at, None, *row) for at, row in enumerate(rows, 1)]
    return pl.DataFrame(filled, schema=names, orient="row")


ALL = answers(("007", "created", "BCD0001"), ("8", "exists", "BCD0002"), ("9", "failed", None, "no e-mail"))


def enter(registry, batch, rows, **changes):  # noqa: F811
    return enter_result(registry, batch, rows, **({"by": "Ben", "file": "result.csv"} | changes))


def test_numbers_go_to_their_students_and_failures_free_them(registry, handed, tmp_path):  # noqa: F811
    found = enter(registry, handed, ALL)
    assert (found.counts, found.waiting) == ({"created": 1, "exists": 1, "failed": 1, "conflict": 0}, 0)
    assert registry.issued().select("sis_id", "cccid", "kind").rows() == [
        ("007", "BCD0001", "mint"), ("10", "XYZ1234", "recover"), ("8", "BCD0002", "recover")
    ]  # fmt: skip
    assert {"BCD0001", "BCD0002"} <= set(registry.crosswalk()["cccid"])
    again = enter(registry, handed, ALL)
    assert (again.frame["new"].any(), registry.issued().height) == (False, 3)
    assert (
        submitted(registry, wanted("007", "8", "9"), issuer="openccc").mints == 1
    )  # only the one that failed
    assert deliver(registry, handed, tmp_path / "load.csv", by="Ana", at=AT) == 3
    assert (tmp_path / "load.csv").read_text(encoding="utf-8") == (
        "college,sis_id,cccid\n021,007,BCD0001\n021,10,XYZ1234\n021,8,BCD0002\n"
    )
    assert set(registry.issued()["state"]) == {"delivered"}
    assert loaded(registry, handed, by="Ana", at=AT).batch.state == "loaded"
    assert set(registry.issued()["state"]) == {"loaded"}
    assert registry.verify().ok
    with pytest.raises(RegistryError, match=r"is loaded; it can be delivered only"):
        deliver(registry, handed, tmp_path / "load.csv", by="Ana")


NO = "failed", None
FINE = ("8", *NO), ("9", *NO)
NEW = "007", "created", "BCD0001"
WRONG = {
    "unknown": (answers(NEW, *FINE, ("77", *NO)), r"row 4; 1 in all: nobody asked for this student"),
    "lost its zeros": (
        answers(("7", "created", "BCD0001"), *FINE),
        r"row 1; 1 in all: nobody asked.*1 of them would fit if leading zeros were lost",
    ),
    "a recovery": (answers(("007", *NO), *FINE, ("10", *NO)), r"row 4; 1 in all: nobody"),
    "missing": (ALL[:1], r"2 rows of the upload have no answer \(row 2, 3 of the upload file"),
    "repeated": (pl.concat([ALL, answers(("8", "exists", "BCD0002"))]), r"student stands in several rows"),
    "one number for two": (
        answers(NEW, ("8", "exists", "BCD0001"), ("9", *NO)),
        r"one CCCID is given to several students \(rows 1 and 2",
    ),
    "no outcome": (
        answers(("007", None, "BCD0001"), *FINE),
        r"said by a word that the mapping does not have \(row 1",
    ),
    "no number": (
        answers(("007", "created", None), ("8", "created", "BCD000I"), ("9", *NO)),
        r"no well-formed CCCID although the row did not fail \(row 1, 2",
    ),
    "a number of a failure": (
        answers(("007", "failed", "BCD0001"), *FINE),
        r"failed and names a CCCID all the same \(row 1",
    ),
    "nobody": (answers((None, *NO), ("007", *NO), *FINE), r"no student is named.*\(row 1"),
}


@pytest.mark.parametrize(("rows", "problem"), WRONG.values(), ids=WRONG)
def test_a_file_that_is_no_result_is_refused_by_row(registry, handed, rows, problem):  # noqa: F811
    before = registry.sequence
    with pytest.raises(InputError, match=problem) as caught:
        enter(registry, handed, rows)
    assert str(caught.value).startswith("result.csv is no result of batch")
    assert "BCD0001" not in str(caught.value)
    assert registry.sequence == before


def test_a_result_may_come_in_parts(registry, handed, tmp_path):  # noqa: F811
    assert enter(registry, handed, ALL[:1], partial=True).waiting == 2
    with pytest.raises(RegistryError, match=r"2 rows of batch .* have no answer"):
        deliver(registry, handed, tmp_path / "load.csv", by="Ana")
    assert not (tmp_path / "load.csv").exists()
    assert enter(registry, handed, ALL[1:]).waiting == 0


def test_an_answer_that_was_entered_is_not_changed_by_a_file(registry, handed):  # noqa: F811
    enter(registry, handed, ALL)
    with pytest.raises(
        InputError, match=r"row 1; 1 in all: an earlier result gave this student another answer"
    ):
        enter(registry, handed, answers(("007", "created", "BCD0009")), partial=True)
    mended = enter(registry, handed, answers(("9", "created", "BCD0003")), partial=True)
    assert mended.counts["created"] == 1
    assert registry.issued().height == 4
    assert registry.verify().ok


CONFLICTS = {
    "held at the college": ("XYZ1234", "exists", "another student of the college"),
    "called new, held elsewhere": ("KLM0001", "created", "student of another college"),
    "voided": ("KLM0002", "exists", "was voided here"),
    "of our own range": ("AAA0009", "created", "range that this registry issues from"),
}


@pytest.mark.parametrize("case", CONFLICTS.values(), ids=CONFLICTS)
def test_an_answer_that_cannot_be_right_is_given_to_nobody(registry, handed, tmp_path, case):  # noqa: F811
    cccid, outcome, why = case
    from reconcile.mint.void import void  # noqa: PLC0415

    minted(registry, pl.concat([wanted("a", kind="recover", cccid="KLM0001", college="022"),
                                wanted("b", kind="recover", cccid="KLM0002", college="022")]))  # fmt: skip
    void(registry, "KLM0002", by="Ana", approver="Ben", reason="a typing error")
    rows = answers(("007", outcome, cccid), ("8", "failed", None), ("9", "failed", None))
    found = enter(registry, handed, rows)
    assert (found.conflicts["row"].to_list(), found.counts["conflict"]) == ([1], 1)
    assert why in found.conflicts["reason"][0]
    assert why in open_conflicts(registry, handed)["reason"][0]
    assert "007" not in registry.issued()["sis_id"].to_list()
    with pytest.raises(RegistryError, match=r"are in conflict"):
        deliver(registry, handed, tmp_path / "load.csv", by="Ana")
    enter(registry, handed, answers(("007", "created", "BCD0001")), partial=True)
    assert open_conflicts(registry, handed).is_empty()
    assert deliver(registry, handed, tmp_path / "load.csv", by="Ana") == 2
    assert registry.verify().ok


def test_a_number_of_another_college_may_be_the_same_persons(registry, handed):  # noqa: F811
    minted(registry, wanted("a", kind="recover", cccid="KLM0001", college="022"))
    rows = answers(("007", "exists", "KLM0001"), ("8", "failed", None), ("9", "failed", None))
    assert enter(registry, handed, rows).counts["exists"] == 1


def test_a_late_answer_follows_its_batch(registry, handed, tmp_path):  # noqa: F811
    enter(registry, handed, ALL)
    deliver(registry, handed, tmp_path / "load.csv", by="Ana")
    enter(registry, handed, answers(("9", "created", "BCD0003")), partial=True)
    assert set(registry.issued()["state"]) == {"delivered"}
    assert registry.verify().ok


def test_an_upload_may_ask_for_a_replacement(registry, tmp_path):  # noqa: F811
    minted(registry, wanted("1", kind="recover", cccid="XYZ1234"))
    batch = approved(registry, wanted("1", kind="replace", cccid="XYZ1234"), issuer="openccc")
    assert hand_over(registry, batch.id, tmp_path / "up.csv", by="Ben") == 1
    assert enter(registry, batch.id, answers(("1", "exists", "XYZ1234"))).counts["conflict"] == 1
    assert enter(registry, batch.id, answers(("1", "created", "BCD0001"))).counts["created"] == 1
    assert registry.issued()["cccid"].to_list() == ["BCD0001"]
    assert registry.voids()["replacement"].to_list() == ["BCD0001"]
    assert registry.verify().ok


def test_only_uploads_have_results(registry, tmp_path):  # noqa: F811
    with pytest.raises(IssuerError, match=r"issued here"):
        enter(registry, approved(registry, wanted("1")).id, ALL)
    waits = approved(registry, wanted("2"), issuer="openccc").id
    with pytest.raises(RegistryError, match=r"is approved; a result is read only when"):
        enter(registry, waits, ALL)
    with pytest.raises(RegistryError, match=r"no batch"):
        enter(registry, "none", ALL)
    with pytest.raises(InputError, match=r"name of who enters it"):
        enter(registry, waits, ALL, by=" ")


def test_a_demo_delivers_nothing(tmp_path):
    with Registry.open(tmp_path / "r.sqlite", demo=True) as demo:
        batch = minted(demo, wanted(1)).batch
        for step in (
            lambda: deliver(demo, batch, tmp_path / "load.csv", by="Ana"),
            lambda: loaded(demo, batch, by="Ana"),
        ):
            with pytest.raises(IssuerError, match=r"A demo registry delivers nothing"):
                step()
        assert look_up(demo, batch).state == "minted"
    assert not (tmp_path / "load.csv").exists()


def test_a_student_who_got_the_number_elsewhere_is_not_given_it_twice(registry, handed, tmp_path):  # noqa: F811
    enter(registry, handed, ALL)
    again = approved(registry, wanted("9"), issuer="openccc").id  # the row that failed
    waits = approved(registry, wanted("11", "12"), issuer="openccc").id
    hand_over(registry, again, tmp_path / "again.csv", by="Ben")
    enter(
        registry, handed, answers(("9", "created", "BCD0003")), partial=True
    )  # a late word on the first try
    assert enter(registry, again, answers(("9", "exists", "BCD0003"))).counts["exists"] == 1
    assert registry.issued()["cccid"].to_list().count("BCD0003") == 1
    assert deliver(registry, again, tmp_path / "load.csv", by="Ana") == 0
    minted(registry, wanted("elsewhere"))
    assert hand_over(registry, waits, tmp_path / "waits.csv", by="Ben") == 2
    assert registry.verify().ok


def test_who_was_served_before_the_hand_over_is_not_uploaded(registry, handed, tmp_path):  # noqa: F811
    enter(registry, handed, ALL)
    again = approved(registry, wanted("9", "13"), issuer="openccc").id
    enter(registry, handed, answers(("9", "created", "BCD0003")), partial=True)
    assert hand_over(registry, again, tmp_path / "again.csv", by="Ben") == 1
    assert enter(registry, again, answers(("13", "created", "BCD0004"))).waiting == 0
    assert deliver(registry, again, tmp_path / "load.csv", by="Ana") == 1


def test_a_student_with_another_number_by_now_is_a_conflict(registry, handed, tmp_path):  # noqa: F811
    enter(registry, handed, ALL)
    minted(registry, wanted("9"))
    found = enter(registry, handed, answers(("9", "created", "BCD0003")), partial=True)
    assert found.conflicts["reason"].to_list() == ["the student got another number meanwhile"]
    assert dict(registry.issued().select("sis_id", "cccid").rows())["9"] == "AAA0001"
