"""A browser is asked for a passkey, and says what came of it; for the login and for one's own page.

The script of the page posts for what has to be asked (JSON), and posts the form with the answer.
"""

from collections.abc import Callable
from uuid import UUID

from flask import jsonify, request, session
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import gettext
from mailing.staff.ceremonies import Asked, Refusal
from mailing.staff.staff import Staff
from webapp.studio.sentences import spoken_sentence
from webapp.studio.throttle import brakes, wait_sentence

CHALLENGE = "challenge"


def ask(person: Staff, begin: Callable[[], Asked]) -> ResponseReturnValue:
    """What the browser has to ask its device, or why not.

    Each answer needs a challenge of its own, so the brake that counts these counts the tries.
    """
    account = account_of(person)
    wait = brakes().wait_seconds(request.remote_addr, account) or brakes().wait_everywhere(account)
    if wait:
        return jsonify(problem=wait_sentence(wait)), 429, {"Retry-After": str(wait)}
    try:
        asked = begin()
    except (Conflict, Invalid) as refusal:
        db.session.rollback()
        return jsonify(problem=spoken_sentence(refusal.message)), 422
    # Another browser's answer to it is none.
    session[CHALLENGE] = asked.challenge_id.hex
    db.session.commit()
    return jsonify(asked.options)


def taken_challenge() -> UUID | None:
    """What this browser was asked, once; None where it was asked nothing."""
    number = session.pop(CHALLENGE, None)
    return UUID(number) if number else None


def account_of(person: Staff) -> str:
    """Under which name the brake counts passkeys that are asked for."""
    return f"passkey {person.id}"


def sentence_of(refusal: Refusal) -> str:
    """What somebody reads whose passkey was not taken, and what they can do."""
    said = {
        Refusal.OVER: gettext("It took too long, or this was answered already. Try it once more."),
        Refusal.UNKNOWN: gettext("This passkey is none of yours here. Take another, or a code."),
        Refusal.WRONG: gettext("The answer is not to what was asked here. Try it once more."),
        Refusal.BACK: gettext(
            "This passkey may have been copied: its counter went back, so it is not taken. Log in "
            "in another way, remove it, and tell an admin."
        ),
        Refusal.TAKEN: gettext("This passkey is registered here already."),
    }
    return said[refusal]
