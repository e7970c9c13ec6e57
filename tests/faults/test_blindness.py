"""The harness is not blind: who breaks the promise is caught by the same judge."""

import smtplib
from functools import partial
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest

from mailing.base.settings import ROOT
from tests import road
from tests.faults.crowd import Crowd
from tests.faults.ground import Ground
from tests.faults.judge import judge
from tests.faults.round import Scale, fight, gather
from tests.faults.told import dots_of
from tests.faults.trace import Trace
from tests.peers.faults import Fault, Stage

pytestmark = pytest.mark.xdist_group("more faults")

BLIND = Path(__file__).parents[1] / "flows" / "blind"
UNSEALED = Path(__file__).parent / "unsealed"
EARLY = 20
HELD = 3


def leave_early(_ground: Ground, crowd: Crowd) -> None:
    """The audience is frozen, the yes is not: these leave before they are written down."""
    crowd.leave(crowd.everybody[:EARLY])
    road.wait_for(lambda: len(crowd.answers) >= EARLY)


def test_who_leaves_after_the_start_and_before_the_first_worker_gets_nothing(
    ground: Ground,
) -> None:
    def with_a_gate(ground: Ground, crowd: Crowd) -> None:
        leave_early(ground, crowd)
        ground.hire()

    ground.dismiss()
    told = fight(ground, opening=with_a_gate).demand()
    assert told.states["held"] >= EARLY


def test_the_product_without_its_gate_is_caught(ground: Ground) -> None:
    def without_a_gate(ground: Ground, crowd: Crowd) -> None:
        leave_early(ground, crowd)
        ground.hire(PYTHONPATH=f"{BLIND}:{ROOT}")

    ground.dismiss()
    told = fight(ground, opening=without_a_gate)
    ground.dismiss()
    assert len(told.verdict.late) >= EARLY


@pytest.mark.parametrize("is_sealing", [True, False], ids=["the seal", "a seal that allows all"])
def test_who_leaves_while_a_message_is_open_is_kept_from_it_by(
    is_sealing: bool, ground: Ground
) -> None:
    """The narrow state: the answer says that nothing more comes, the body is on its way."""
    asked: list[str] = []

    def leave_in_between(ground: Ground, crowd: Crowd) -> None:
        ground.hire(**{} if is_sealing else {"PYTHONPATH": f"{UNSEALED}:{ROOT}"})
        asked.extend(leave_while_open(ground, crowd, crowd.everybody[:HELD]))

    told = fight(ground, scale=Scale(40, share=0), opening=leave_in_between)
    ground.dismiss()
    late = {one for one in asked if any(what.startswith(f"{one},") for what in told.verdict.late)}
    assert late == (set() if is_sealing else set(asked))
    assert told.verdict.is_clean is is_sealing


def leave_while_open(ground: Ground, crowd: Crowd, people: list[UUID]) -> list[str]:
    """Each leaves while the relay has the DATA of their message and does not answer it, which it
    does only after they have their own answer. Their addresses."""
    answered = {one: Event() for one in people}
    held = {
        one: Fault(Stage.DATA, crowd.addresses[one], times=1, until=answered[one]) for one in people
    }
    ground.peer.behave(*held.values())
    try:
        while waiting := [one for one in people if not answered[one].is_set()]:
            one = road.wait_for(partial(_held, ground, waiting, held))
            crowd.leave([one])
            road.wait_for(partial(crowd.has_answer, one))
            answered[one].set()
    finally:
        for event in answered.values():
            event.set()
    return [fault.to for fault in held.values()]


def _held(ground: Ground, people: list[UUID], by: dict[UUID, Fault]) -> UUID | None:
    """One of these whose DATA the relay holds back."""
    return next((one for one in people if ground.peer.script.struck(by[one])), None)


def test_a_naive_sender_is_caught(ground: Ground) -> None:
    """Read the list, then send to it, as most do (peers.md)."""
    with ground.app.app_context():
        cast = gather(ground, 40)
    ground.peer.heal()
    listed = list(cast.addresses)
    crowd = Crowd(ground.web_port, cast.tokens, cast.addresses)
    with smtplib.SMTP("127.0.0.1", ground.peer.port) as relay:
        for number, one in enumerate(listed):
            if number == 10:
                crowd.leave(listed[30:])
                crowd.disperse()
            message = f"Message-ID: <{number}@naive.example>\r\n\r\nHello\r\n"
            relay.sendmail("news@naive.example", [cast.addresses[one]], message)
    verdict = judge(
        Trace(
            people=frozenset(cast.addresses.values()),
            dots=tuple(dots_of(ground)),
            answers=tuple(crowd.answers),
            samples=(),
            endings={},
            unanswered=frozenset(),
            state="done",
        )
    )
    assert len(verdict.late) == 10
