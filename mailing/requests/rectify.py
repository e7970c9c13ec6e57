"""Correcting one's own data by a fresh link: names and telephone, as far as they are declared."""

from typing import Any

from mailing.base.errors import Conflict, Invalid
from mailing.base.plain import clean_field
from mailing.people import corrections, subscribers
from mailing.people.corrections import NewCorrection
from mailing.people.open_form import OPTIONAL
from mailing.people.subscribers import Personal, Subscriber
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion
from mailing.requests import fresh


def fields_of(subscriber: Subscriber) -> dict[str, str]:
    """What may be put right, by name, as it stands now.

    What is kept from an earlier version that declared more is offered, too: it is theirs to empty.
    """
    personal = _known(subscriber)
    declared = _policy().fields
    held = personal.as_dict()
    return {name: held[name] for name in OPTIONAL if name in declared or held[name]}


def correct(token: str, given: dict[str, str]) -> tuple[str, ...]:
    """Put right what is given, by a fresh link; the names of what changed.

    An empty value takes the field out. Raises Conflict for a link that is not fresh (any more),
    Invalid with the field for a value that cannot be.
    """
    found = fresh.person_of_fresh(token)
    held = subscribers.lock(found.id) if found else None
    if held is None or held.personal is None:
        raise Conflict("Only a fresh link may correct anybody's data.")
    changed = differing(held, given)
    if changed:
        apply(held, changed, "fresh link", {"actor": "subscriber"})
    return tuple(changed)


def differing(subscriber: Subscriber, given: dict[str, str]) -> dict[str, str]:
    """What of the given would change, as it would be kept; raises Invalid with the field."""
    before, policy = fields_of(subscriber), _policy()
    wanted = {name: clean_field(name, given[name]) for name in before if name in given}
    _demand_declared(policy, before, wanted)
    return {name: value for name, value in wanted.items() if value != before[name]}


def apply(
    subscriber: Subscriber, changed: dict[str, str], source: str, evidence: dict[str, Any]
) -> None:
    """Keep what is put right, with an entry of its own; earlier evidence stays as it is."""
    before = fields_of(subscriber)
    subscribers.keep_personal(subscriber, Personal(**(_known(subscriber).as_dict() | changed)))
    corrections.append(
        NewCorrection(
            subscriber_id=subscriber.id,
            policy_id=_policy().id,
            source=source,
            before={name: before.get(name, "") for name in changed},
            after=changed,
            evidence=evidence,
        )
    )


def _demand_declared(policy: PolicyVersion, before: dict[str, str], wanted: dict[str, str]) -> None:
    for name, value in wanted.items():
        if value not in ("", before[name]) and name not in policy.fields:
            raise Invalid(f"The policy version in force does not declare {name}.", field=name)


def _known(subscriber: Subscriber) -> Personal:
    personal = subscribers.personal_of(subscriber)
    if personal is None:
        raise Conflict("Nothing is kept of this person any more.")
    return personal


def _policy() -> PolicyVersion:
    policy = versions.in_force()
    if policy is None:
        raise Conflict("No policy is in force, so no field may be kept.")
    return policy
