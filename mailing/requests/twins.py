"""Twins: the same request by the form, filled in again by somebody who was not sure that it went.

They ask for the same in the same words: one mail is sent for all of them, and its button is for
all. Whatever differs is a request of its own, with a link of its own: a stranger who asks for
something else in somebody's name is not confirmed along with it.
"""

from mailing.requests import rights
from mailing.requests.kinds import Channel
from mailing.requests.requests import Request, of_form


def twins_of(request: Request) -> list[Request]:
    """The other requests by the form, not finished, that are the same; the oldest first."""
    if request.channel != Channel.FORM or request.sender_digest is None:
        return []
    found = [one for one in of_form(request.sender_digest) if one.id != request.id]
    asked = rights.of_each([request.id, *(one.id for one in found)])
    kinds = {number: {one.kind for one in those} for number, those in asked.items()}
    return [
        one for one in found if kinds[one.id] == kinds[request.id] and one.words == request.words
    ]
