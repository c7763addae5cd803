"""The pairs that a reviewer decides, each as it is shown: two records, where they differ, who stands near."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from reconcile.agreement import with_agreement
from reconcile.columns import LINK_FIELDS, Band
from reconcile.privacy import mask_date, mask_email, mask_id, mask_name
from reconcile.review import side_by_side, veil
from reconcile.review.differences import mark
from reconcile.words import FIELD_WORDS, LEVEL_WORDS, guard_words

if TYPE_CHECKING:
    from collections.abc import Iterable

_MASKS: Final = {
    "birthdate": mask_date, "email": mask_email, "phone": mask_id, "ssid": mask_id, "zip": mask_id,
}  # fmt: skip
_SSN: Final = ("ssn_hmac", "ssn_last4")
_ON_FILE: Final = "on file"
_WHICH: Final = ("left", "right")
_VEILED: Final = {"": "not compared", "agree": "agrees", "near": "is near", "differ": "differs"}
_BESIDE: Final = ("former_names", "cccids")  # shown where a table has them; not compared
_CALLED: Final = {"sis_id": "SIS record", "cccid": "Account"}
_HOME: Final = ("last_name", "street", "zip")
_NEAR: Final = 8  # neighbours shown of one kind
_LIMITS: Final = (0.99, 0.05)


_Place = tuple[int, str]  # the side of a record, and its id


class Key(NamedTuple):
    """What a decision is about."""

    table: str
    id_l: str
    id_r: str


class Near(NamedTuple):
    """A record that stands around a pair.

    Attributes:
        side: 0 when it is from the left table.
        id: the record's.
        rows: places of the pairs that would join it to the others there.
    """

    side: int
    id: str
    rows: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Scored pairs of one kind, with the tables that their ids are from.

    Attributes:
        pairs: id_l, id_r, match_probability, match_weight, band, guard, level_ and w_ columns; all that a
            reviewer may look at beside the pair in question.
        asked: id_l, id_r of those to be decided; the ones of band review when None.
        left: the table whose ids are id_l.
        right: the table whose ids are id_r; None for duplicates within the left one.
        id: the names of the two id columns.
        limits: from which probability on a pair is linked, and reviewed.
    """

    pairs: pl.DataFrame = field(repr=False)
    left: pl.DataFrame = field(repr=False)
    right: pl.DataFrame | None = field(repr=False, default=None)
    asked: pl.DataFrame | None = field(repr=False, default=None)
    id: tuple[str, str] = ("id", "id")
    limits: tuple[float, float] = _LIMITS


class Cases:
    """All pairs of some parts, in the order in which a decision is worth most.

    Pairs whose decision says whether an account is created come first, then those nearest to a threshold;
    the pairs of one record stay together.

    Attributes:
        keys: of every pair, asked or not.
        hashes: of the fields that a reviewer sees, in the same order.
        asked: places of the pairs to be decided, the most worthy first.
    """

    def __init__(self, parts: Iterable[Part], /, *, veiled: bool = False) -> None:
        """Put the pairs side by side with what they are compared by.

        Args:
            parts: what there is to decide, and what stands around it.
            veiled: for a reviewer who sees no birthdates: of them and of SSNs `shown` says only whether they
                agree, are near or differ, without a weight that would say more.
        """
        self.veiled = veiled
        self.sealed = None  # hashes say which words speak of the records as they are
        parts = [part for part in parts if part.pairs.height]
        frames = [_listed(part) for part in parts]
        self._sides = {part_name(part): _Sides(part, veiled=veiled) for part in parts}
        self._rows = pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame(schema=_NOTHING)
        columns = self._rows.select("table", "id_l", "id_r", "hash")
        self.keys = [Key(*row[:3]) for row in columns.iter_rows()]
        self.hashes: list[str] = columns["hash"].to_list()
        self.places = {key: at for at, key in enumerate(self.keys)}
        worth = self._rows.with_row_index("at").filter("asked")
        self.asked: list[int] = worth.sort("tier", "first", "id_l", "distance", "id_r")["at"].to_list()
        self._weights: list[float | None] = self._rows["match_weight"].to_list()
        self._of_left: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._of_right: dict[tuple[str, str], list[int]] = defaultdict(list)
        for at, key in enumerate(self.keys):
            self._of_left[key.table, key.id_l].append(at)
            self._of_right[key.table, key.id_r].append(at)
        self.shown = lru_cache(maxsize=64)(self._shown)

    def near(self, at: int, /) -> list[Near]:
        """List the records that are compared with either record of a pair, the likeliest first.

        Of duplicates the two records themselves are among them, as soon as there is a third: each of the
        group may be the one who does not belong.
        """
        key = self.keys[at]
        if key.table == "links":
            of_left = [Near(1, self.keys[row].id_r, (row,)) for row in self._of_left[key.table, key.id_l]]
            of_right = [Near(0, self.keys[row].id_l, (row,)) for row in self._of_right[key.table, key.id_r]]
            others = [one for one in (*of_left, *of_right) if one.rows != (at,)]
            return sorted(others, key=lambda one: self._rank(one.rows[0]))[:_NEAR]
        pair = (key.id_l, key.id_r)
        touching = sorted({row for one in pair for row in self._pairs_of(one)} - {at}, key=self._rank)
        third = dict.fromkeys(one for row in touching for one in self.keys[row][1:] if one not in pair)
        group = (*list(third)[:_NEAR], *(pair if third else ()))
        return [Near(0, one, self._between(one, {*group} - {one})) for one in group]

    def _pairs_of(self, one: str) -> list[int]:
        return [*self._of_left["duplicates", one], *self._of_right["duplicates", one]]

    def _between(self, one: str, others: set[str]) -> tuple[int, ...]:
        rows = (row for row in self._pairs_of(one) if others.intersection(self.keys[row][1:]))
        return tuple(sorted(rows, key=self._rank))

    def _rank(self, row: int) -> tuple[float, Key]:
        return -(self._weights[row] or 0.0), self.keys[row]

    def _shown(self, at: int) -> dict[str, Any]:
        """Describe a pair for the page; what is personal stands in pairs of clear text and mask."""
        row = self._rows.row(at, named=True)
        sides = self._sides[row["table"]]
        records = [sides.record(side, row[f"id_{mark}"]) for side, mark in enumerate("lr")]
        hidden = veil.VEILED if self.veiled else ("ssn",)  # nobody reviews by SSN
        lines = [
            _on_file(name, row, records, veiled=self.veiled) if name in hidden else _line(name, row, records)
            for name in LINK_FIELDS
        ]
        lines += [_beside(name, records) for name in _BESIDE]
        return {
            "case": at,
            "heads": [
                {"label": label, "id": {"text": row[f"id_{mark}"], "mask": mask_id(row[f"id_{mark}"])}}
                for label, mark in zip(sides.labels, "lr", strict=True)
            ],
            "lines": [line for line in lines if line is not None],
            "guard": guard_words(row["guard"], row.get("level_birthdate")),
            "weight": None if self.veiled else _rounded(row["match_weight"]),
            "probability": "" if self.veiled else _share(row["match_probability"]),
            "near": self._around(at, sides),
        }

    def _around(self, at: int, sides: _Sides) -> list[dict[str, Any]]:
        """Describe who stands around a pair: other candidates, then people of the same household."""
        key = self.keys[at]
        pair = ((0, key.id_l), (1 if sides.two else 0, key.id_r))
        found, known = [], {*pair}
        for one in self.near(at):
            place = (one.side, one.id)
            own = place in pair
            why = "One of this pair" if own else f"Also compared with this {sides.labels[1 - one.side]}"
            left = key.id_l in self.keys[one.rows[0]][1:]  # what the words are about
            beside = int(place == pair[0]) if own else int(not left)
            words = self._rows["words"][one.rows[0]]
            told = {"words": veil.worded(words)[0] if self.veiled else words, "member": one.id}
            found.append(sides.neighbour(place, pair, beside, why) | told)
            known.add(place)
        for beside, (side, id_) in enumerate(pair):
            for place in [(side, one) for one in sides.household(beside, id_)]:
                if place not in known:
                    known.add(place)
                    why = f"Same surname and address as the {_WHICH[beside]} record"
                    found.append(sides.neighbour(place, pair, beside, why))
        return found


class _Sides:
    """The two tables of a part, by id."""

    def __init__(self, part: Part, *, veiled: bool) -> None:
        self._veiled = veiled
        self.two = part.right is not None
        frames = (part.left, part.left if part.right is None else part.right)
        self.labels = [_CALLED.get(name, "Record") for name in part.id]
        wanted = [*LINK_FIELDS, *_SSN, *_BESIDE]
        self._frames = [
            frame.select(
                *(name for name in wanted if name in frame.columns), _id=pl.col(name).cast(pl.String)
            )
            for frame, name in zip(frames, part.id, strict=True)
        ]
        self._places = [dict(zip(f["_id"], range(f.height), strict=True)) for f in self._frames]
        self._homes = [_homes(frame) for frame in self._frames]

    def record(self, side: int, id_: str) -> dict[str, Any]:
        at = self._places[side].get(id_)
        return {} if at is None else self._frames[side].row(at, named=True)

    def household(self, side: int, id_: str) -> list[str]:
        groups, of = self._homes[side]
        return [one for one in groups.get(of.get(id_, -1), []) if one != id_][:_NEAR]

    def neighbour(self, place: _Place, pair: tuple[_Place, _Place], beside: int, why: str) -> dict[str, Any]:
        """Describe who stands near, whose birthdate may be held against one of the pair only."""
        record = self.record(*place)
        names = [str(record[name]) for name in ("first_name", "last_name") if record.get(name)]
        born = str(record.get("birthdate") or "")
        shown = f"born {born}" if born else "birthdate unknown"
        if self._veiled:
            said = veil.days(born, self.record(*pair[beside]).get("birthdate"))
            shown = f"birthdate {_VEILED[said]}{f', beside the {_WHICH[beside]} record' if said else ''}"
            born = ""
        return {
            "id": {"text": place[1], "mask": mask_id(place[1])},
            "name": {"text": " ".join(names), "mask": " ".join(map(mask_name, names))},
            "born": {"text": shown, "mask": f"born {mask_date(born)}" if born else shown},
            "why": why,
            "words": "",
            "member": "",
        }


def part_name(part: Part, /) -> str:
    """Name the kind of pairs as the registry does."""
    return "duplicates" if part.right is None else "links"


_NOTHING: Final = {
    "table": pl.String, "id_l": pl.String, "id_r": pl.String, "hash": pl.String, "asked": pl.Boolean,
    "tier": pl.Int8, "first": pl.Float64, "distance": pl.Float64, "match_weight": pl.Float64,
}  # fmt: skip


def _listed(part: Part) -> pl.DataFrame:
    """Add to the pairs of a part their hash, their words, and what a decision on each is worth."""
    ids = pl.col("id_l", "id_r").cast(pl.String)
    pairs = with_agreement(part.pairs.with_columns(ids, pl.col("band", "guard").cast(pl.String)))
    sides = (part.left, part.left if part.right is None else part.right)
    hashed = side_by_side(pairs.select("id_l", "id_r"), sides, part.id)["hash"]
    asked = pl.col("band") == Band.REVIEW.value
    if part.asked is not None:
        wanted = part.asked.select(ids, asked=pl.lit(value=True)).unique()
        pairs = pairs.join(wanted, on=["id_l", "id_r"], how="left", maintain_order="left")
        asked = pl.col("asked").fill_null(value=False)
    bits = [_bits(pl.lit(limit)) for limit in part.limits]
    weight = _bits(pl.col("match_probability").fill_null(0.0))
    without = _without_number(part).implode()
    if part.right is None:  # of several records of one person at most one gets an account
        creates = pl.col("id_l").is_in(without) | pl.col("id_r").is_in(without)
    else:
        creates = pl.col("id_l").is_in(without) & ~(pl.col("band") == Band.LINK.value).any().over("id_l")
    return pairs.with_columns(
        table=pl.lit(part_name(part)),
        hash=hashed,
        asked=asked,
        tier=(~creates).cast(pl.Int8),
        distance=pl.min_horizontal((weight - limit).abs() for limit in bits),
    ).with_columns(first=pl.col("distance").filter("asked").min().over("id_l").fill_null(0.0))


def _bits(probability: pl.Expr) -> pl.Expr:
    inside = probability.clip(1e-12, 1 - 1e-12)
    return (inside / (1 - inside)).log(2)


def _without_number(part: Part) -> pl.Series:
    """List the records of the left table that hold no CCCID, so that a decision says whether one is made."""
    ids = part.left[part.id[0]].cast(pl.String)
    if "cccids" not in part.left.columns:
        return ids.clear()
    return ids.filter(part.left["cccids"].list.drop_nulls().list.len().fill_null(0) == 0)


def _homes(frame: pl.DataFrame) -> tuple[dict[int, list[str]], dict[str, int]]:
    """Group the records of one surname and address: group -> ids, id -> group."""
    if not {*_HOME} <= {*frame.columns}:
        return {}, {}
    plain = [pl.col(name).str.to_lowercase().str.strip_chars() for name in _HOME[:2]]
    homes = (
        frame.select("_id", *plain, pl.col("zip").str.head(5))
        .drop_nulls()
        .group_by(_HOME, maintain_order=True)
        .agg("_id")
        .filter(pl.col("_id").list.len() > 1)["_id"]
        .to_list()
    )
    groups = dict(enumerate(homes))
    return groups, {one: number for number, ids in groups.items() for one in ids}


def _line(name: str, row: dict[str, Any], records: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Lay one field side by side; None when neither record has it."""
    level = row.get(f"level_{name}")
    values = [str(record.get(name) or "") for record in records]
    if not any(values):
        return None
    alike = level == "exact" or not all(values)  # a phone agrees however it is written
    pieces = [[(v, False)] if v else [] for v in values] if alike else list(mark(*values))
    masks = [_MASKS.get(name, mask_name)(value) for value in values]
    return {
        "name": FIELD_WORDS.get(name, name.replace("_", " ")),
        "sides": [{"pieces": p, "mask": m} for p, m in zip(pieces, masks, strict=True)],
        "words": _words(level, values),
        "bits": _rounded(row.get(f"w_{name}")),
    }


def _on_file(
    name: str, row: dict[str, Any], records: list[dict[str, Any]], *, veiled: bool
) -> dict[str, Any] | None:
    """Say of a field no more than whether either record has it, and what the comparison came to."""
    names = _SSN if name == "ssn" else (name,)
    values = [_ON_FILE if any(record.get(one) for one in names) else "" for record in records]
    if not any(values):
        return None
    level = row.get(f"level_{name}")
    known = veiled and all(values)
    return {
        "name": FIELD_WORDS.get(name, name),
        "sides": [{"pieces": [(v, False)] if v else [], "mask": v} for v in values],
        "words": _VEILED[veil.word(level)] if known else _words(level, values),
        "bits": None if veiled else _rounded(row.get(f"w_{name}")),
    }


def _words(level: object, values: list[str]) -> str:
    if not all(values):
        return "one record has none"
    return {None: "", "exact": "agrees", "different": "differs", "missing": "not compared"}.get(
        level if level is None else str(level), LEVEL_WORDS.get(str(level), str(level).replace("_", " "))
    )


def _beside(name: str, records: list[dict[str, Any]]) -> dict[str, Any] | None:
    values = [_told(record.get(name)) for record in records]
    if not any(values):
        return None
    masker = mask_id if name == "cccids" else mask_name
    called = "CCCID in the SIS" if name == "cccids" else name.replace("_", " ")
    sides = [{"pieces": [(v, False)] if v else [], "mask": masker(v)} for v in values]
    return {"name": called, "sides": sides, "words": "not compared", "bits": None}


def _told(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values() if part)
    if isinstance(value, list):
        return "; ".join(filter(None, map(_told, value)))
    return str(value or "")


def _rounded(value: object) -> float | None:
    return round(value, 1) if isinstance(value, float) else None


def _share(value: object) -> str:
    if not isinstance(value, float):
        return ""
    return "over 0.9999" if 0.9999 < value < 1 else f"{value:.4f}"  # noqa: PLR2004 - places shown
