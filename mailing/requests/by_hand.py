"""By hand: destroying from the command line, by somebody who names the person and the request.

Whoever types both has looked twice, so the cooling-off ends with it, and the certificate says so.
"""

import hmac

from mailing.base.errors import Conflict
from mailing.base.languages import gettext as _
from mailing.people import subscribers
from mailing.people.address import Address
from mailing.people.canonical import canonical
from mailing.requests import carrying, certificates, destructions, granting, requests
from mailing.requests.certificates import Certificate
from mailing.requests.destructions import State
from mailing.staff.audit import Actor

AT_ONCE = "at the command line"


def destroy(email: str, request_id: int, actor: Actor, reason: str | None = None) -> Certificate:
    """Destroy this person as decided about this request; the certificate. Commits.

    Raises Conflict where the address is not that of the request's person, and as `carry_out`.
    """
    address = canonical(email)
    found = destructions.of_request(request_id)
    done = certificates.of_destruction(found.id) if found else []
    if found is not None and found.state == State.DONE:
        return _demand_about(done[0], address)
    _demand_person(request_id, address)
    if found is not None and found.is_cooling:
        granting.demand_approval(found)
        granting.expedite(request_id, reason or AT_ONCE, actor)
    return carrying.carry_out(request_id, actor)


def _demand_person(request_id: int, address: Address) -> None:
    person = subscribers.find(address)
    if person is None or requests.find(request_id).subscriber_id != person.id:
        raise Conflict(_("That is not the address of the person whom this request is about."))


def _demand_about(done: Certificate, address: Address) -> Certificate:
    """The certificate, for whoever names the address that it is about."""
    reference = certificates.reference(done.number, subscribers.digest_of(address))
    if not hmac.compare_digest(reference, str(done.said["subject"])):
        raise Conflict(_("That is not the address of the person whom this request is about."))
    return done
