"""Disclosures, as tests of every door need them."""

from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.requests.disclosures import deciding
from mailing.requests.disclosures.deciding import Wish
from mailing.requests.disclosures.state import Disclosure, Grounds
from mailing.staff.audit import Actor
from mailing.staff.staff import Role

ASKER = Actor("staff 98", Role.OFFICER)
GROUNDS = Grounds("Criminal Procedure Code, article 1", "Court of Astana", "Letter 12/3")


def wanted(*addresses: str, fields: tuple[str, ...] = ("email", "surname")) -> Disclosure:
    """One that waits for the yes of a second person; whoever is unknown is made."""
    for one in addresses:
        subscribers.create(canonical(one), "kk")
    return deciding.ask(Wish(GROUNDS, fields, addresses), ASKER)
