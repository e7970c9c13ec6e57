"""Who may do what, in words. Asked by the route, and by the page that hides what is refused."""

from enum import StrEnum

from mailing.base.errors import NotAllowed
from mailing.staff.staff import Role


class Act(StrEnum):
    """Everything in the studio that needs leave."""

    READ_CAMPAIGNS = "read campaigns"
    WRITE_CAMPAIGNS = "write campaigns"
    SEND_CAMPAIGNS = "send campaigns"
    PAUSE_CAMPAIGNS = "pause and stop campaigns"
    APPROVE_CAMPAIGNS = "approve campaigns"
    DECIDE_BOUNCES = "decide about bounces held back"
    COUNT_AUDIENCES = "count audiences"
    WRITE_SEGMENTS = "write segments"
    SEE_PEOPLE = "see people of an audience"
    IMPORT_PEOPLE = "import people"
    READ_EVIDENCE = "read evidence"
    READ_POLICIES = "read policies"
    WRITE_POLICIES = "write policies"
    PUBLISH_POLICIES = "publish policies"
    EXPORT_PEOPLE = "export people"
    READ_FORMS = "read forms and topics"
    WRITE_FORMS = "change forms and topics"
    ANSWER_REQUESTS = "answer requests"
    READ_STAFF = "read the staff list"
    READ_AUDIT = "read the audit log"


_EVERYBODY = frozenset(Role)
_WRITERS = frozenset({Role.ADMIN, Role.MARKETER})
_KEEPERS = frozenset({Role.ADMIN, Role.OFFICER})

PERMISSIONS: dict[str, frozenset[Role]] = {
    Act.READ_CAMPAIGNS: _EVERYBODY,
    Act.WRITE_CAMPAIGNS: _WRITERS,
    Act.SEND_CAMPAIGNS: _WRITERS,
    # The officer may halt whatever goes out, and may not start it.
    Act.PAUSE_CAMPAIGNS: _WRITERS | {Role.OFFICER},
    # Whoever approves is a second person, and may be the one who keeps the policy.
    Act.APPROVE_CAMPAIGNS: _WRITERS | {Role.OFFICER},
    Act.DECIDE_BOUNCES: _WRITERS | {Role.OFFICER},
    Act.COUNT_AUDIENCES: _EVERYBODY,
    Act.WRITE_SEGMENTS: _WRITERS,
    Act.SEE_PEOPLE: _WRITERS | {Role.OFFICER},
    Act.IMPORT_PEOPLE: _WRITERS | {Role.OFFICER},
    Act.READ_EVIDENCE: _KEEPERS,
    Act.READ_POLICIES: _EVERYBODY,
    Act.WRITE_POLICIES: _KEEPERS,
    Act.PUBLISH_POLICIES: _KEEPERS,
    Act.EXPORT_PEOPLE: _KEEPERS,
    Act.READ_FORMS: _EVERYBODY,
    # What people agree to, and on which sites, is the keepers' matter, not that of who sends.
    Act.WRITE_FORMS: _KEEPERS,
    # What people write to the helpdesk is for whoever has to answer it.
    Act.ANSWER_REQUESTS: _KEEPERS,
    Act.READ_STAFF: frozenset({Role.ADMIN}),
    Act.READ_AUDIT: _KEEPERS,
}


def may(role: str, act: str) -> bool:
    """Whether the role allows the act; an unknown role or act is a no."""
    return role in PERMISSIONS.get(act, frozenset())


def demand(role: str, act: str) -> None:
    """Raises NotAllowed, naming the roles that may."""
    if not may(role, act):
        able = ", ".join(sorted(PERMISSIONS.get(act, frozenset()))) or "nobody"
        raise NotAllowed(f"The role {role} may not {act}; it takes: {able}.")
