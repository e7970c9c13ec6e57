"""The team: what one member of staff does to another, with a line in the audit log each.

Nobody changes their own role or closes their own login: it takes a second person, and whoever
found a screen unlocked cannot raise themselves.
"""

from mailing.base.errors import NotAllowed
from mailing.staff import audit, second_factor, staff
from mailing.staff.audit import Actor
from mailing.staff.staff import Role, Staff


def change_role(person: Staff, role: Role, by: Actor) -> None:
    """Another role; every login of that person ends. Raises NotAllowed for oneself, Conflict for
    the last admin."""
    _demand_another(person, by)
    before = person.role
    staff.change_role(person, role)
    change = (before, person.role)
    audit.record_change(by, "role changed", person.name, change=change, role=person.role)


def close(person: Staff, by: Actor) -> None:
    """This person can log in no more; raises as `change_role` does."""
    _demand_another(person, by)
    staff.deactivate(person)
    audit.record(by, "login closed", person.name)


def reopen(person: Staff, by: Actor) -> None:
    """This person can log in again."""
    staff.reactivate(person)
    audit.record(by, "login opened", person.name)


def end_logins(person: Staff, by: Actor) -> None:
    """Log this person out everywhere; links to set a password open no more."""
    staff.end_logins(person)
    audit.record(by, "logins ended", person.name)


def remove_second_factor(person: Staff, by: Actor) -> None:
    """For whoever has lost telephone, passkeys and recovery codes; every login of theirs ends."""
    _demand_another(person, by)
    second_factor.remove(person)
    audit.record(by, "second factor removed", person.name)


def demand_second_factor(on: bool, by: Actor) -> None:
    """Have everybody set up a second factor before anything else, or leave it to each."""
    before = second_factor.is_demanded()
    second_factor.demand(on)
    action = "second factor demanded" if on else "second factor left to each"
    audit.record_change(by, action, "installation", change=(before, on))


def _demand_another(person: Staff, by: Actor) -> None:
    if person.name == by.name:
        raise NotAllowed("Nobody changes their own role or login here; ask another admin.")
