"""The whole life of batches in any order of steps: nobody has two numbers, no number two students, ever."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from registries import AT, verdict, wanted

from reconcile.cccid import CCCID
from reconcile.errors import ApprovalError, GateClosed, InputError, RegistryError
from reconcile.mint.batch import approve, look_up, mint, propose, reject, withdraw
from reconcile.mint.deliver import deliver, loaded
from reconcile.mint.draft import check, draft, rows_of, submit
from reconcile.mint.handover import hand_over
from reconcile.mint.result import enter_result
from reconcile.mint.states import STEPS, BatchState, GateVerdict
from reconcile.mint.void import void
from reconcile.registry import Registry

IDS = [str(n) for n in range(7)]
STEP = st.sampled_from(
    ["check", "submit", "approve", "reject", "withdraw", "mint", "handover", "result", "deliver", "loaded"]
)
LEADS_TO = {
    "check": BatchState.CHECKED, "submit": BatchState.SUBMITTED, "approve": BatchState.APPROVED,
    "reject": BatchState.REJECTED, "withdraw": BatchState.WITHDRAWN, "mint": BatchState.MINTED,
    "handover": BatchState.HANDED_OVER, "deliver": BatchState.DELIVERED, "loaded": BatchState.LOADED,
}  # fmt: skip


class Life(RuleBasedStateMachine):
    """Batches are made, moved and undone at random; a plain dictionary knows what must hold."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="life"))
        self.registry = Registry.open(self.folder / "r.sqlite", at=AT)
        self.registry.allot("AAA0001", "AAA0500", authority="Chancellor's Office", at=AT)
        self.batches = []
        self.numbers = {}  # student -> number, while it counts
        self.gone = set()
        self.external = CCCID.parse("XYZ0001")

    def teardown(self):
        self.registry.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def asked(self, ids, issuer):
        rows = wanted(*sorted(ids))
        return rows.with_columns(
            first_name=pl.lit("Kim"), birthdate=pl.format("2001-02-0{}", "sis_id")
        ), issuer

    @rule(ids=st.sets(st.sampled_from(IDS), min_size=1), issuer=st.sampled_from(["registry", "openccc"]))
    def make(self, ids, issuer):
        rows, issuer = self.asked(ids, issuer)
        try:
            batch = propose(self.registry, rows, proposer="Ana", verdict=verdict(rows), issuer=issuer)
        except GateClosed:  # everybody in it is tied to somebody
            return
        if batch.id not in self.batches:
            self.batches.append(batch.id)

    @rule(ids=st.sets(st.sampled_from(IDS), min_size=1), issuer=st.sampled_from(["registry", "openccc"]))
    def make_by_hand(self, ids, issuer):
        rows, issuer = self.asked(ids, issuer)
        batch = draft(self.registry, rows, by="Ana", issuer=issuer)
        if batch.id not in self.batches:
            self.batches.append(batch.id)

    @rule(
        step=STEP,
        pick=st.integers(0, 9),
        answers=st.lists(st.sampled_from(["created", "exists", "failed"]), min_size=7),
    )
    def move(self, step, pick, answers):
        if not self.batches:
            return
        batch_id = self.batches[-1 - pick % len(self.batches)]
        state, sequence = look_up(self.registry, batch_id).state, self.registry.sequence
        try:
            self.take(step, batch_id, answers)
        except GateClosed:
            assert step == "check"
        except ApprovalError:
            back = look_up(self.registry, batch_id).state == "draft"
            assert back or self.registry.sequence == sequence
        except (RegistryError, InputError):
            assert self.registry.sequence == sequence
            assert look_up(self.registry, batch_id).state == state
        else:
            if step in LEADS_TO:
                now = look_up(self.registry, batch_id).state
                assert now == LEADS_TO[step]
                assert state in STEPS[LEADS_TO[step]] or (step == "mint" and state == now)

    def take(self, step, batch_id, answers):
        registry = self.registry
        if step == "check":
            rows_hash = rows_of(registry, batch_id)[1]
            fine = GateVerdict(suite_hash="suite", rows_hash=rows_hash, open=True, failures=0)
            check(registry, batch_id, by="Ana", verdict=fine)
        elif step == "submit":
            submit(registry, batch_id, by="Ana")
        elif step == "approve":
            approve(registry, batch_id, approver="Ben")
        elif step in {"reject", "withdraw"}:
            {"reject": reject, "withdraw": withdraw}[step](registry, batch_id, by="Ben", reason="no")
        elif step == "mint":
            mint(batch_id, registry=registry)
        elif step == "handover":
            hand_over(registry, batch_id, self.folder / "up.csv", by="Ben")
        elif step == "result":
            self.answer(batch_id, answers)
        elif step == "deliver":
            deliver(registry, batch_id, self.folder / "load.csv", by="Ana")
        else:
            loaded(registry, batch_id, by="Ana")

    def answer(self, batch_id, answers):
        ids = rows_of(self.registry, batch_id)[0]["sis_id"].to_list()
        rows = []
        for at, (sis_id, outcome) in enumerate(zip(ids, answers, strict=False), 1):
            self.external = self.external.successor()
            rows.append(
                (at, None, sis_id, outcome, None if outcome == "failed" else str(self.external), None)
            )
        schema = {"row": pl.Int64} | dict.fromkeys(
            ("college", "sis_id", "outcome", "cccid", "reason"), pl.String
        )
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        enter_result(self.registry, batch_id, frame, by="Ben", file="result.csv")

    @rule(pick=st.integers(0, 20))
    def undo(self, pick):
        held = sorted(self.numbers.items())
        if held:
            student, number = held[pick % len(held)]
            void(self.registry, number, by="Ana", approver="Ben", reason="wrong")
            del self.numbers[student]
            self.gone.add(number)

    @rule(
        pair=st.sets(st.sampled_from(IDS), min_size=2, max_size=2), tie=st.sampled_from(["same", "different"])
    )
    def say_who_is_who(self, pair, tie):
        left, right = sorted(pair)
        rows = pl.DataFrame(
            [("021", left, "021", right, tie)],
            schema=["college_l", "sis_id_l", "college_r", "sis_id_r", "tie"], orient="row",
        )  # fmt: skip
        self.registry.note_ties(rows, by="Eva")

    @rule()
    def open_again(self):
        self.registry.close()
        self.registry = Registry.open(self.folder / "r.sqlite", create=False)

    @invariant()
    def everybody_has_one_number_for_good(self):
        held = self.registry.issued()
        now = dict(held.select("sis_id", "cccid").rows())
        assert held.height == len(now) == len(set(now.values()))
        assert self.numbers.items() <= now.items()
        assert not self.gone & set(now.values())
        self.numbers = now
        found = self.registry.verify()
        assert found.ok, found.problems


Life.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestLife = Life.TestCase
