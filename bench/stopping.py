"""A stop in the middle of a campaign: when its last dot was, and whether its answer is exact."""

import json
import time
from typing import Any

from bench import work
from bench.measure import demand
from bench.rig import Rig
from bench.talk import say
from console.daemons import wait_until
from mailing.base.database import db
from mailing.deliveries import status
from tests import road

# So many of a hundred have left when the order comes.
_SENT_BEFORE = 20
_QUIET = 2.0
_UNTIL_STOPPED = 60.0


def stop(over: Rig, campaign_id: int, people: int) -> dict[str, Any]:
    """Start a campaign, ask for its status and stop it by the command line.

    `last_dot_seconds` is from before the command is started to the sink's last message. Raises
    DoesNotCount unless what the answer calls out is what the sink has counted in the end, to
    the message, and the rest is what it calls stopped.
    """
    before = over.into.mark()
    road.start(campaign_id)
    _wait_for(over, before + 1)
    asked = _timed(over, "status", campaign_id)
    _wait_for(over, before + people * _SENT_BEFORE // 100)
    began = time.monotonic()
    answered = _timed(over, "stop", campaign_id)
    _wait_until_quiet(over)
    last = max(0.0, over.into.last_at - began)
    arrived, out = over.into.messages - before, answered["answer"]["out"]
    say(f"stopped: last dot after {last:.2f} s, answer after {answered['seconds']:.2f} s")
    _demand_exact(campaign_id, answered["answer"], arrived, people)
    return {
        "command_status_seconds": asked["seconds"],
        "command_that_reads_nothing_seconds": _timed(over, "list", None)["seconds"],
        "command_stop_seconds": answered["seconds"],
        "last_dot_seconds": round(last, 3),
        "sink_counted": arrived,
        "answer": answered["answer"],
        "out_is_exact": out == arrived,
        "written_down_after_seconds": _written_down(campaign_id, people),
    }


def _timed(over: Rig, verb: str, campaign_id: int | None) -> dict[str, Any]:
    arguments = ["campaign", verb, *([str(campaign_id)] if campaign_id else []), "--json"]
    began = time.monotonic()
    answer = json.loads(over.place.command(*arguments))
    return {"seconds": round(time.monotonic() - began, 3), "answer": answer}


def _wait_for(over: Rig, messages: int) -> None:
    moves = wait_until(lambda: over.into.messages >= messages, 600.0)
    demand(moves, "the campaign does not move")


def _wait_until_quiet(over: Rig) -> None:
    still = wait_until(lambda: time.monotonic() - over.into.last_at > _QUIET, _UNTIL_STOPPED)
    demand(still, "messages leave long after the stop")


def _demand_exact(campaign_id: int, answer: dict[str, Any], arrived: int, people: int) -> None:
    demand(
        answer["out"] == arrived and answer["out"] + answer["stopped"] == people,
        f"the stop says {answer}; the sink counted {arrived} of {people}",
    )
    accepted = work.outcomes(campaign_id)["accepted"]
    demand(accepted == arrived, f"the sink counted {arrived}, the database {accepted} accepted")


def _written_down(campaign_id: int, people: int) -> float:
    """The seconds until nothing of a stopped campaign is in work any more."""
    began = time.monotonic()

    def is_over() -> bool:
        told = status.status(campaign_id)["outcomes"]
        db.session.rollback()
        return bool(told["sending"] + told["pending"] + told["deferred"] == 0)

    demand(wait_until(is_over, _UNTIL_STOPPED), "something of a stopped campaign stays in work")
    return round(time.monotonic() - began, 1)
