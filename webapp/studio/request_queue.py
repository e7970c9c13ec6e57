"""The officer's queue: tiles, groups, filters; all of them stand in the address."""

from typing import Any

from flask import render_template, request

from mailing.requests import queue, rights, tiles
from mailing.requests.kinds import RIGHTS, Channel, Kind
from mailing.requests.queue import Group
from mailing.requests.sieve import ALL, Sieve
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import me
from webapp.studio.request_view import names_of, people

_PROOF = {"yes": True, "no": False}


@studio.get("/requests")
@needs(Act.ANSWER_REQUESTS)
def request_list() -> str:
    asked, sieve = request.args.get("group", ""), _sieve()
    group = Group(asked) if asked in set(Group) else None
    seen = queue.look(group, sieve)
    found = [line.request for lines in seen.lines.values() for line in lines]
    return render_template(
        "pages/studio/requests.html",
        seen=seen,
        group=group,
        tiles=tiles.of(seen if sieve == ALL else queue.look(Group.OVERDUE)),
        people=people(),
        names=names_of(found),
        asks=rights.of_each([one.id for one in found]),
        **_filters(sieve),
    )


def _sieve() -> Sieve:
    right, channel = request.args.get("right", ""), request.args.get("channel", "")
    return Sieve(
        right=Kind(right) if right in set(Kind) else None,
        channel=Channel(channel) if channel in set(Channel) else None,
        owner=_owner(request.args.get("owner", "")),
        is_proved=_PROOF.get(request.args.get("proved", "")),
    )


def _owner(asked: str) -> int | None:
    if asked == "me":
        return me().id
    if asked == "nobody":
        return 0
    return int(asked) if asked.isdecimal() and len(asked) < 10 else None


def _filters(sieve: Sieve) -> dict[str, Any]:
    kept = {name: request.args.get(name, "") for name in ("right", "channel", "owner", "proved")}
    return {
        "is_filtered": sieve != ALL,
        "kept": {name: value for name, value in kept.items() if value},
        "filter_rights": list(RIGHTS),
        "filter_channels": list(Channel),
    }
