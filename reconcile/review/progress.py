"""How far a reviewer has come with a queue of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from reconcile.show import Sheet, Shown


@dataclass(frozen=True, kw_only=True, repr=False)
class Progress(Shown):
    """How far a reviewer has come.

    Attributes:
        decided: pairs on which this reviewer's word stands, those of earlier days included.
        left: pairs of the queue that nobody has decided yet.
        skipped: pairs that were put off.
        waiting: pairs beyond the queue, which come when it is opened again.
        elsewhere: pairs of the queue that somebody else decided since it was opened.
        second: pairs on which this reviewer's word waits for another reviewer's.
        disputed: those on which the reviewers do not agree, so that one more is asked.
    """

    decided: int
    left: int
    skipped: int
    waiting: int
    elsewhere: int = 0
    second: int = 0
    disputed: int = 0

    def _sheet(self) -> Sheet:
        rows = {
            "decided": self.decided,
            "left": self.left,
            "skipped": self.skipped,
            "for later": self.waiting,
        }
        more = {
            "decided by others meanwhile": self.elsewhere,
            "wait for a second reviewer": self.second,
            "reviewers do not agree": self.disputed,
        }
        rows |= {words: number for words, number in more.items() if number}
        frame = pl.DataFrame({"pairs": list(rows), "number": list(rows.values())})
        return Sheet(frame=frame, title="Review of pairs", unit="line")
