"""Pairs to decide in a file of their own, for a reviewer who gets neither the extract nor the snapshot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reconcile.errors import InputError
from reconcile.files import write_private
from reconcile.review.cases import Key, Near

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from reconcile.review.cases import Cases

FORM: Final = "reconcile pairs 1"


class Sealed(NamedTuple):
    """Which words speak of the records as they are, where hashes cannot be compared.

    Attributes:
        standing: words that did when the file was written.
        after: the last word of that time; every later one does.
    """

    standing: frozenset[int]
    after: int


class Parcel:
    """Pairs as `Cases` has them, out of a file: what a reviewer is shown of them, and no more.

    Attributes:
        keys: of every pair, asked or not.
        hashes: marks that stand for what the pairs' hashes are made of.
        asked: places of the pairs to be decided, the most worthy first.
        veiled: whether birthdates and SSNs were left out.
        sealed: which words speak of the records as they are.
        reviewers: how many people have to agree.
    """

    def __init__(self, file: Path, /) -> None:
        """Read the file.

        Raises:
            InputError: it is another file.
        """
        content: dict[str, Any] = {}
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            content = {}
        if not isinstance(content, dict) or content.get("form") != FORM:
            raise InputError(
                f"{file} holds no pairs for the panel. `reconcile run PLAN --work-list FILE.json --for NAME` "
                "writes such a file."
            )
        self.keys = [Key(*key) for key in content["keys"]]
        self.places = {key: at for at, key in enumerate(self.keys)}
        self.hashes: list[str] = content["hashes"]
        self.asked: list[int] = content["asked"]
        self.veiled: bool = content["veiled"]
        self.sealed = Sealed(frozenset(content["standing"]), content["after"])
        self.reviewers: int = content["reviewers"]
        self._near = [[Near(one[0], one[1], tuple(one[2])) for one in near] for near in content["near"]]
        self._shown: list[dict[str, Any]] = content["shown"]

    def near(self, at: int, /) -> list[Near]:
        """List the records that are compared with either record of a pair, the likeliest first."""
        return self._near[at]

    def shown(self, at: int, /) -> dict[str, Any]:
        """Describe a pair for the page."""
        return self._shown[at]


def pack(
    file: Path,
    cases: Cases,
    asked: Sequence[int],
    /,
    *,
    marks: Callable[[list[str]], list[str]],
    sealed: Sealed,
    reviewers: int,
) -> None:
    """Write pairs to a file, readable by its owner only.

    Args:
        file: the file.
        cases: the pairs.
        asked: places of those to be decided, the most worthy first.
        marks: puts marks in the place of hashes.
        sealed: which words speak of the records as they are.
        reviewers: how many people have to agree.
    """
    around = (row for at in asked for one in cases.near(at) for row in one.rows)
    rows = list(dict.fromkeys([*asked, *around]))
    place = {row: at for at, row in enumerate(rows)}
    near = [
        [(one.side, one.id, [place[row] for row in one.rows if row in place]) for one in cases.near(at)]
        for at in rows
    ]
    content = {
        "form": FORM,
        "veiled": cases.veiled,
        "reviewers": reviewers,
        "after": sealed.after,
        "standing": sorted(sealed.standing),
        "keys": [cases.keys[row] for row in rows],
        "hashes": marks([cases.hashes[row] for row in rows]),
        "asked": list(range(len(asked))),
        "near": [[one for one in each if one[2]] for each in near],
        "shown": [cases.shown(row) | {"case": place[row]} for row in rows],
    }
    write_private(file, json.dumps(content, ensure_ascii=False))
