"""How the clock of a request runs: due with the earliest of its rights, later by what it waited.

The outer limit is the law's: it counts every day, whoever is waited for.
"""

from mailing.base import clock
from mailing.requests import due, rights
from mailing.requests.kinds import RightState
from mailing.requests.requests import Request


def reckon(request: Request) -> None:
    """The request is due with the earliest of what is still to be decided or done in it."""
    left = [one for one in rights.of(request.id) if one.state != RightState.DONE]
    if left:
        request.due_at = min(one.due_at for one in left)
        request.outer_due_at = min(one.outer_due_at for one in left)


def let_run(request: Request) -> int:
    """End a pause of a request whose row is locked: what is not done is due later by the working
    days that it waited; how many. What was late before it stood still stays late."""
    since = request.paused_at
    if since is None:
        return 0
    days = due.days_between(since, clock.now())
    for right in rights.of(request.id):
        if right.state != RightState.DONE and right.due_at > since:
            right.move(due.moved(right.clock, days))
    request.paused_at, request.pause_reason = None, None
    reckon(request)
    return days
