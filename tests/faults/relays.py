"""Faults of the relay: every misbehaviour at every stage of the conversation."""

from tests.faults.ground import Ground
from tests.faults.strike import Misbehaviour
from tests.peers.faults import NEVER, Cut, Fault, Stage

_ENVELOPE = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT)
_CODES = (421, 451, 550)


class Opening(Misbehaviour):
    """A relay that misbehaves before the first message: it has to be met anew."""

    def prepare(self, ground: Ground) -> None:
        """Nobody is connected yet."""
        ground.dismiss()
        super().prepare(ground)


def opening() -> Opening:
    """Banner and greeting: never, refused, cut."""
    return Opening(
        "the relay does not greet as it should",
        (
            Fault(Stage.BANNER, wait=NEVER, times=1),
            Fault(Stage.BANNER, code=421, times=1),
            Fault(Stage.BANNER, code=554, times=1),
            Fault(Stage.BANNER, cut=Cut.AFTER, times=1),
            Fault(Stage.EHLO, code=421, times=1),
            Fault(Stage.EHLO, code=502, times=1),
            Fault(Stage.EHLO, cut=Cut.AFTER, times=1),
        ),
    )


def codes() -> Misbehaviour:
    """421, 4xx and 5xx at each stage of a message."""
    faults = [Fault(stage, code=code, times=2) for stage in _ENVELOPE for code in _CODES]
    return Misbehaviour("the relay refuses at every stage", tuple(faults))


def cuts() -> Misbehaviour:
    """Hanging up at each stage; at the dot before accepting, and after."""
    stages = (*_ENVELOPE, Stage.BODY)
    faults = [Fault(stage, cut=Cut.AFTER, times=1) for stage in stages]
    faults.append(Fault(Stage.DOT, cut=Cut.BEFORE, times=2))
    return Misbehaviour("the relay hangs up at every stage", tuple(faults))


def waits(octet: float = 0.15) -> Misbehaviour:
    """Tarpits before and after the dot, replies by the octet (seconds each), and rubbish."""
    return Misbehaviour(
        "the relay takes its time and answers rubbish",
        (
            Fault(Stage.DATA, wait=1.0, times=2),
            Fault(Stage.BODY, wait=1.5, times=2),
            Fault(Stage.DOT, wait=2.0, times=2),
            Fault(Stage.MAIL, trickle=octet, times=1),
            Fault(Stage.DOT, trickle=octet, times=2),
            Fault(Stage.DOT, raw=b"250-all is\r\n99 well\r\n", times=1),
            Fault(Stage.DOT, raw=b"ok\r\n", times=1),
        ),
    )


STRIKES = (opening(), codes(), cuts(), waits())
