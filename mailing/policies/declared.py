"""What a version declares, as people call it, and what it adds to another."""

from collections.abc import Iterable
from dataclasses import dataclass

from mailing.base.languages import gettext as _
from mailing.policies.versions import PolicyVersion


@dataclass(frozen=True)
class Added:
    """The purposes and fields that one version declares and an earlier one does not."""

    purposes: tuple[str, ...]
    fields: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.purposes or self.fields)


def added(policy: PolicyVersion, earlier: Iterable[PolicyVersion]) -> Added:
    """What is new in a version for somebody who agreed to these; nothing to compare: nothing."""
    known = list(earlier)
    return Added(
        purposes=_beyond(policy.purposes, [one.purposes for one in known]),
        fields=_beyond(policy.fields, [one.fields for one in known]),
    )


def purpose_name(purpose: str) -> str:
    """A purpose in the language spoken; one that we do not know by its own name."""
    said = {
        "products_services": _("news of products and services"),
        "special_offers": _("special offers"),
        "events": _("events"),
    }
    return said.get(purpose, purpose.replace("_", " "))


def field_name(field: str) -> str:
    """A field in the language spoken; one that we do not know by its own name."""
    said = {
        "email": _("e-mail address"),
        "phone": _("telephone number"),
        "surname": _("surname"),
        "given_name": _("given name"),
        "patronymic": _("patronymic"),
        "network_address": _("network address"),
        "user_agent": _("name of the browser"),
    }
    return said.get(field, field.replace("_", " "))


def _beyond(names: list[str], known: list[list[str]]) -> tuple[str, ...]:
    # New is what any of the earlier versions lacks: for it an earlier yes does not count.
    return tuple(name for name in names if any(name not in one for one in known))
