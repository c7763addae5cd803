"""What the words of one reviewer, of two and of three come to; old decisions keep their proof."""

from __future__ import annotations

import polars as pl
import pytest
import sqlalchemy as sa
from alembic import command
from registries import AT, allotted, alter, place, registry  # noqa: F401

from reconcile.registry import Registry, chain, schema
from reconcile.registry.canon import digest
from reconcile.registry.connect import Store
from reconcile.registry.decided import settle

AT_TEXT = "2026-10-01T00:00:00+00:00"


def said(*rows):
    """Words on one pair: who, what, and the hash of what they saw."""
    words = [
        (n, n, "links", "1", "A", word, hash_, by, AT_TEXT) for n, (by, word, hash_) in enumerate(rows, 1)
    ]
    names = ["id", "audit", "table", "id_l", "id_r", "decision", "hash", "by", "at"]
    return pl.DataFrame(words, schema=names, orient="row")


@pytest.mark.parametrize(
    ("words", "one", "two"),
    [
        ([("Ana", "match", "h")], "match", "unsure"),
        ([("Ana", "match", "h"), ("ana", "match", "h")], "match", "unsure"),
        ([("Ana", "match", "h"), ("Ben", "match", "h")], "match", "match"),
        ([("Ana", "match", "h"), ("Ben", "different", "h")], "different", "unsure"),
        ([("Ana", "match", "h"), ("Ben", "different", "h"), ("Eva", "match", "h")], "match", "match"),
        ([("Ana", "match", "h"), ("Ben", "unsure", "h"), ("Eva", "unsure", "h")], "unsure", "unsure"),
        ([("Ana", "match", "h"), ("Ben", "match", "new")], "match", "unsure"),
        ([("Ana", "match", "h"), ("Ben", "match", "h"), ("Ben", "withdrawn", "h")], "match", "unsure"),
        ([("Ana", "match", "h"), ("Ana", "withdrawn", "h")], None, None),
        ([], None, None),
    ],
)
def test_a_pair_counts_once_enough_people_agree(words, one, two):
    for reviewers, wanted in ((1, one), (2, two)):
        found = settle(said(*words), reviewers=reviewers)
        assert found["decision"].to_list() == ([wanted] if wanted else [])
    waits = settle(said(*words), reviewers=2).filter(~pl.col("settled"))
    assert waits.height == (two == "unsure")


def decision(word, **beside):
    row = {"table": "links", "id_l": "1", "id_r": "A", "decision": word, "hash": "h"} | beside
    return pl.DataFrame([row])


def test_note_and_seconds_are_kept_and_vouched_for(registry):  # noqa: F811
    registry.record(decision("match", note="sister of the other", seconds=2.345), by="Eva", at=AT)
    registry.record(decision("unsure", note=""), by="Eva", at=AT)
    words = registry.words()
    assert words.select("decision", "note", "seconds").rows() == [
        ("match", "sister of the other", 2.3),
        ("unsure", None, None),
    ]
    assert registry.words(after=words["id"][0])["decision"].to_list() == ["unsure"]
    assert "sister" not in str(registry.audit().rows())
    assert registry.verify().ok


@pytest.mark.parametrize("change", ["note = 'brother'", "seconds = 9"])
def test_a_note_that_is_changed_afterwards_is_noticed(tmp_path, change):
    with Registry.open(tmp_path / "r.sqlite") as opened:
        opened.record(decision("match", note="sister", seconds=2), by="Eva", at=AT)
        alter(opened, "DROP TRIGGER decisions_UPDATE", f"UPDATE decisions SET {change}")
        assert any("decisions of audit entry" in problem for problem in opened.verify().problems)


def test_a_word_that_is_taken_back_leaves_what_was_said_before(registry):  # noqa: F811
    registry.record(decision("match"), by="Ana")
    registry.record(decision("different"), by="Ben")
    registry.record(decision("withdrawn"), by="Ben")
    assert registry.decisions()["decision"].to_list() == ["match"]
    assert registry.decisions(reviewers=2)["decision"].to_list() == ["unsure"]
    assert registry.decisions(reviewers=2, settled=True).is_empty()
    assert registry.words().height == 3


def test_decisions_of_an_older_registry_are_kept_and_still_verify(place):  # noqa: F811
    store = Store(place, create=True)
    row = ["links", "1", "A", "match", "h"]

    def work(connection):
        config = schema.configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.execute(sa.text(f"INSERT INTO meta VALUES (1, 'REAL', NULL, '{AT_TEXT}')"))
        chain.append(connection, "created", "registry", who="", at=AT_TEXT, stamp="REAL")
        chain.append(connection, "decided", "pairs", who="Eva", at=AT_TEXT, decisions=1, hash=digest([row]))
        names = '"table", id_l, id_r, decision, "by", at, hash, audit'
        values = f"'links', '1', 'A', 'match', 'Eva', '{AT_TEXT}', 'h', 2"
        connection.execute(sa.text(f"INSERT INTO decisions ({names}) VALUES ({values})"))

    store.write(work)
    store.close()
    with Registry.open(place, create=False) as opened:
        assert opened.verify().ok
        opened.record(decision("withdrawn"), by="Eva")
        assert opened.decisions().is_empty()
        assert opened.verify().ok
        with pytest.raises(Exception, match="registry"):
            alter(opened, "UPDATE decisions SET decision = 'different'")
