"""A prepared account table in a private file: numbers and texts, nothing that could run."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from reconcile.errors import InputError
from reconcile.files import write_private
from reconcile.score.encode import Encoded, Side
from reconcile.score.frequency import Rarity
from reconcile.score.model import Model

if TYPE_CHECKING:
    from pathlib import Path

_FORMAT: Final = 1
_SEED: Final = 11


@dataclass(frozen=True)
class Kept:
    """What is kept of a prepared table.

    Attributes:
        about: format, version of the package, hash of the accounts, id column, further fields.
        frame: id and key columns, in the order of ids.
        encoded: the same as integers.
        rarity: what values are worth.
        model: the weights.
    """

    about: dict[str, Any]
    frame: pl.DataFrame
    encoded: Encoded
    rarity: Rarity
    model: Model

    def write(self, path: Path, /) -> Path:
        """Write the file, readable by its owner only: it holds names and birthdates."""
        side = self.encoded.left
        parts: dict[str, Any] = {
            "about": _bytes(json.dumps(self.about).encode("utf-8")),
            "model": _bytes(self.model.to_json().encode("utf-8")),
            "frame": _table(self.frame),
            "weak": side.weak,
            **{f"vocabulary/{name}": _table(words.alias("value").to_frame())
               for name, words in self.encoded.vocabulary.items()},
            **{f"codes/{name}": codes for name, codes in side.codes.items()},
            **{f"lists/{name}/{place}": codes
               for name, lists in side.lists.items() for place, codes in enumerate(lists)},
            **{f"bits/{name}": bits for name, bits in self.rarity.of_value.items()},
            **{f"rows/{name}": bits
               for name in ("first_in_year", "last_given_first")
               if (bits := getattr(self.rarity, name)) is not None},
        }  # fmt: skip
        whole = io.BytesIO()
        np.savez(whole, **parts)
        return write_private(path, whole.getvalue())

    @classmethod
    def read(cls, path: Path, /, *, about: dict[str, Any]) -> Kept:
        """Read a file back.

        Args:
            path: the file.
            about: what it has to be about.

        Raises:
            InputError: it is no such file, or of other accounts or another version.
        """
        parts: dict[str, Any] | None = None
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as whole:
                parts = {name: whole[name] for name in whole.files}
            found = json.loads(parts["about"].tobytes())
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile):
            found = None
        if parts is None or not isinstance(found, dict):
            raise InputError(f"{path} is no prepared table. Prepare the accounts again, and save them.")
        other = sorted(name for name, value in about.items() if found.get(name) != value)
        if other:
            raise InputError(
                f"{path} was prepared for something else ({', '.join(other)}). "
                "Prepare the accounts again, and save them."
            )
        return cls._of(found, parts)

    @classmethod
    def _of(cls, about: dict[str, Any], parts: dict[str, Any]) -> Kept:
        frame = _framed(parts["frame"])
        lists: dict[str, tuple[Any, ...]] = {
            name: tuple(parts[f"lists/{name}/{place}"] for place in range(count))
            for name, count in about["lists"].items()
        }
        side = Side(frame.height, _under(parts, "codes/"), lists, parts["weak"])
        words = {name: _framed(raw)["value"] for name, raw in _under(parts, "vocabulary/").items()}
        encoded = Encoded(side, side, words, about["fields"])
        rows = _under(parts, "rows/")
        rarity = Rarity(_under(parts, "bits/"), rows.get("first_in_year"), rows.get("last_given_first"))
        model = Model.from_json(parts["model"].tobytes().decode("utf-8"))
        return cls(about, frame, encoded, rarity, model)


def about(accounts: pl.DataFrame, id: str, fields: dict[str, str], version: str, /) -> dict[str, Any]:  # noqa: A002
    """Say what a prepared table is about, so that a stale file is noticed."""
    rows = accounts.hash_rows(_SEED).to_numpy().tobytes()
    names = json.dumps([accounts.columns, id]).encode("utf-8")
    return {
        "format": _FORMAT,
        "version": version,
        "accounts": hashlib.sha256(names + rows).hexdigest(),
        "fields": dict(fields),
    }


def _bytes(raw: bytes) -> Any:  # noqa: ANN401 - an array
    return np.frombuffer(raw, dtype=np.uint8)


def _table(frame: pl.DataFrame) -> Any:  # noqa: ANN401 - an array
    made = io.BytesIO()
    frame.write_ipc(made)
    return _bytes(made.getvalue())


def _framed(raw: Any) -> pl.DataFrame:  # noqa: ANN401 - an array
    return pl.read_ipc(io.BytesIO(raw.tobytes()))


def _under(parts: dict[str, Any], head: str) -> dict[str, Any]:
    return {name.removeprefix(head): part for name, part in parts.items() if name.startswith(head)}
