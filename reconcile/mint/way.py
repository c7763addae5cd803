"""The way of a batch as a picture: where it stands, what lies ahead; who took which step, when and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Final

from reconcile.mint.batch import look_up
from reconcile.mint.draft import history
from reconcile.mint.states import BatchState, Issuer
from reconcile.show import Listing, Sheet, Shown, minute

if TYPE_CHECKING:
    import polars as pl

    from reconcile.mint.states import Batch
    from reconcile.registry import Registry

_FIRST: Final = (BatchState.DRAFT, BatchState.CHECKED, BatchState.SUBMITTED, BatchState.APPROVED)
_LAST: Final = (BatchState.DELIVERED, BatchState.LOADED)
_ENDS: Final = (BatchState.REJECTED, BatchState.WITHDRAWN)
_PASSED, _HERE, _AHEAD = "passed", "here", "ahead"
_PILL: Final = "display:inline-block;padding:.25em .8em;border-radius:1em;margin:.15em 0;border:"
_LOOKS: Final = {
    _PASSED: f"{_PILL}1px solid currentColor;",
    _HERE: f"{_PILL}3px solid currentColor;font-weight:700;",
    _AHEAD: f"{_PILL}1px dashed currentColor;opacity:.65;",
}
_MARKS: Final = {_PASSED: "\N{CHECK MARK} ", _HERE: "\N{BLACK RIGHT-POINTING TRIANGLE} ", _AHEAD: ""}
_SPOKEN: Final = {_PASSED: "done", _HERE: "the batch is here", _AHEAD: "to come"}


@dataclass(frozen=True, kw_only=True, repr=False)
class Way(Shown):
    """Where a batch stands, and the steps that it took.

    Attributes:
        batch: the batch.
        steps: entry (of the audit log), at, step, by, why.
    """

    batch: Batch
    steps: pl.DataFrame

    @property
    def states(self) -> list[tuple[str, str]]:
        """The states in order, each "passed", "here" or "ahead"; an end takes the place of what lay ahead."""
        given = BatchState.HANDED_OVER if self.batch.issuer == Issuer.OPENCCC else BatchState.MINTED
        order = [*_FIRST, given, *_LAST]
        state = BatchState(self.batch.state)
        if state in _ENDS:
            seen = set(self.steps["step"])
            passed = [one for one in order if one in seen or (one is BatchState.DRAFT and "drafted" in seen)]
            return [*((one.value, _PASSED) for one in passed), (state.value, _HERE)]
        at = order.index(state)
        looks = [_PASSED] * at + [_HERE] + [_AHEAD] * (len(order) - at - 1)
        return [(one.value, look) for one, look in zip(order, looks, strict=True)]

    def _sheet(self) -> Sheet:
        told = " > ".join(f"[{name}]" if look == _HERE else name for name, look in self.states)
        return replace(self._table(), title=f"Batch {self.batch.id}: {told}")

    def _table(self) -> Sheet:
        shown = self.steps.select(minute("at").alias("at (UTC)"), "step", "by", "why")
        return Sheet(frame=shown, title=f"Batch {self.batch.id}", rows=50, unit="step")

    def _repr_html_(self) -> str:
        pills = "<span aria-hidden='true'> \N{RIGHTWARDS ARROW} </span>".join(
            f'<span role="listitem" aria-label="{name.replace("_", " ")}: {_SPOKEN[look]}" '
            f'style="{_LOOKS[look]}">{_MARKS[look]}{escape(name.replace("_", " "))}</span>'
            for name, look in self.states
        )
        table = Listing(frame=self.steps, sheet=self._table())._repr_html_()
        return f'<div role="list" style="margin:.6em 0;line-height:2.2">{pills}</div>{table}'


def way(registry: Registry, batch_id: str, /) -> Way:
    """Show where a batch stands, and who took which step, when and why.

    Raises:
        RegistryError: there is no such batch.
    """
    return Way(batch=look_up(registry, batch_id), steps=history(registry, batch_id))
