"""How much of a file is looked at to tell how it is written."""

from __future__ import annotations

from typing import Final

SAMPLE: Final = 1 << 18  # bytes
LOOKED_AT: Final = 200  # records
