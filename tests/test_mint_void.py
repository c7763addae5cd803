"""A wrong number counts no more, by the word of two people, and is never used again."""

from __future__ import annotations

import pytest
from registries import AT, allotted, alter, minted, registry, submitted, wanted  # noqa: F401

from reconcile.errors import ApprovalError, InputError, RegistryError
from reconcile.mint.void import void

WHO = {"by": "Ana", "approver": "Ben", "reason": "typing error", "at": AT}


def test_a_voided_number_is_free_for_nobody(registry):  # noqa: F811
    minted(registry, wanted("1"))
    gone = void(registry, "AAA0001", **WHO)
    assert (gone.sis_id, gone.state, gone.left_here, gone.replacement) == ("1", "issued", False, None)
    assert registry.issued().is_empty()
    assert registry.issued(voided=True)["state"].to_list() == ["voided"]
    assert minted(registry, wanted("1")).frame["cccid"].to_list() == ["AAA0002"]  # the student, a new number
    with pytest.raises(InputError, match="was voided"):
        submitted(registry, wanted("2", kind="recover", cccid="AAA0001"))
    with pytest.raises(RegistryError, match="was voided before"):
        void(registry, "AAA0001", **WHO)
    assert registry.verify().ok
    alter(registry, "UPDATE cccids SET state = 'issued' WHERE cccid = 'AAA0001' AND sis_id = '9'")
    assert registry.verify().ok
    alter(registry, "UPDATE cccids SET state = 'voided' WHERE cccid = 'AAA0002'")
    assert "not where the log says" in registry.verify().problems[0]


def test_another_number_may_take_its_place(registry):  # noqa: F811
    minted(registry, wanted("1", "2"))
    with pytest.raises(InputError, match="Another student of the college holds the replacement"):
        void(registry, "AAA0001", replacement="AAA0002", **WHO)
    assert void(registry, "AAA0001", replacement="XYZ1234", **WHO).replacement == "XYZ1234"
    assert registry.issued().select("sis_id", "cccid").rows() == [("1", "XYZ1234"), ("2", "AAA0002")]
    with pytest.raises(InputError, match="was voided itself"):
        void(registry, "AAA0002", replacement="AAA0001", **WHO)
    assert registry.verify().ok


def test_two_people_a_reason_and_a_number_that_is_held(registry):  # noqa: F811
    minted(registry, wanted("1"))
    for changes, error, problem in (
        ({"approver": "ana "}, ApprovalError, "cannot approve it"),
        ({"approver": ""}, ApprovalError, "who approves"),
        ({"by": ""}, InputError, "who asks"),
        ({"reason": " "}, InputError, "takes a reason"),
        ({"replacement": "AAA0001"}, InputError, "the number itself"),
        ({"college": "099"}, RegistryError, "not given by this registry"),
    ):
        with pytest.raises(error, match=problem):
            void(registry, "AAA0001", **(WHO | changes))
    with pytest.raises(InputError, match="Not a CCCID"):
        void(registry, "aaa0001", **WHO)
    minted(registry, wanted("7", kind="recover", cccid="AAA0001", college="022"))
    with pytest.raises(RegistryError, match=r"2 colleges hold the number \(021, 022\)"):
        void(registry, "AAA0001", **WHO)
    assert void(registry, "AAA0001", college="022", **WHO).kind == "recover"


def test_history_of_voids_is_kept(registry):  # noqa: F811
    minted(registry, wanted("1"))
    void(registry, "AAA0001", **WHO)
    with pytest.raises(RegistryError):
        alter(registry, "UPDATE voids SET reason = 'other'")
    with pytest.raises(RegistryError):
        alter(registry, "DELETE FROM voids")
