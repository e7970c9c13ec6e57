"""People: the list with its filter, and the way to one person by address, digest or number.

Looking is logged, once a page (policy 2.7). An address is posted: no link and no log holds it.
"""

from binascii import unhexlify
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Invalid, Missing
from mailing.base.languages import LANGUAGES, gettext
from mailing.people import counted, listed, profile, topics
from mailing.people.standings import Said
from mailing.people.subscribers import Subscriber
from mailing.people.wanted import Bar
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio import person_filter
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor
from webapp.studio.masking import masked
from webapp.studio.person_filter import Asked
from webapp.studio.sparing import sparingly

# The longest address has 254 bytes; a digest in hexadecimal 64 digits.
LONGEST = 1000
# As the chips stand beside each other.
STANDINGS = (Said.GIVEN, Said.REQUESTED, Said.UNSUBSCRIBED, Said.WITHDRAWN, Said.NONE)


@studio.get("/people")
@needs(Act.SEE_PEOPLE)
def person_list() -> ResponseReturnValue:
    harmless: dict[str, Any] = {
        name: value for name, value in request.args.items() if "@" not in value
    }
    if len(harmless) < len(request.args):
        flash(gettext("A filter takes no address. To find one person, use the search."), "stop")
        return redirect(url_for("studio.person_list", **harmless), 303)
    asked = person_filter.here()
    return _page(asked, {}), 422 if asked.errors else 200


@studio.post("/people/search")
@needs(Act.SEE_PEOPLE)
def person_search() -> ResponseReturnValue:
    """To the profile of whoever is meant; what was typed stays in the field where nobody is."""
    typed = request.form.get("who", "").strip()[:LONGEST]
    try:
        found, is_former = _sought(typed)
    except (Missing, Invalid) as refusal:
        _log("person sought", found="no")
        return _page(person_filter.asked({}), {"who": refusal.message}, typed), 422
    _log("person sought", found="yes")
    if is_former:
        flash(gettext("Now at another address: the one that you asked about was theirs before."))
    return redirect(url_for("studio.person_page", subscriber_id=found.id), 303)


def _sought(typed: str) -> tuple[Subscriber, bool]:
    """Who is meant, and whether by an address that was theirs before. Raises Missing, Invalid."""
    try:
        return profile.of_number(UUID(typed)), False
    except ValueError:
        pass
    digest = _digest(typed)
    if digest is not None:
        return profile.of_digest(digest)
    try:
        return profile.sought(typed)
    except Missing:
        raise Missing(gettext("Nobody with this address is known.")) from None


def _digest(typed: str) -> bytes | None:
    plain = typed if len(typed) == 64 and typed.isascii() and typed.isalnum() else ""
    try:
        return unhexlify(plain) or None
    except ValueError:
        return None


def _log(action: str, **details: str | int) -> None:
    audit.record(actor(), action, "people", **details)
    db.session.commit()


def _page(asked: Asked, errors: dict[str, str], typed: str = "") -> str:
    wanted = asked.wanted
    older, newer = (request.args.get(name, "") for name in ("before", "after"))
    page = listed.page(wanted, older, newer)
    counts = sparingly(("people", wanted), lambda: counted.count(wanted))
    shown = counts.of[wanted.standing] if wanted.standing else counts.total
    kept = wanted.as_details()
    # The domain of an address may be somebody's own.
    named = kept | ({"provider": "one"} if wanted.provider else {})
    _log("people seen", rows=len(page.rows), **{f"by_{one}": value for one, value in named.items()})
    return render_template(
        "pages/studio/person_list.html",
        page=page,
        asked=asked,
        wanted=wanted,
        kept=kept,
        counts=counts,
        shown=shown,
        words=person_filter,
        errors=asked.errors | errors,
        typed=typed,
        masked=masked,
        topics=topics.all_topics(),
        standings=STANDINGS,
        bars=list(Bar),
        languages=LANGUAGES,
    )
