"""Who may do what, in words. Asked by the route, and by the page that hides what is refused."""

from enum import StrEnum

from mailing.base.errors import NotAllowed
from mailing.staff.staff import Role

N_ = str  # Marks a text for the catalogues.


class Act(StrEnum):
    """Everything in the studio that needs leave."""

    READ_CAMPAIGNS = N_("read campaigns")
    WRITE_CAMPAIGNS = N_("write campaigns")
    SEND_CAMPAIGNS = N_("send campaigns")
    PAUSE_CAMPAIGNS = N_("pause and stop campaigns")
    APPROVE_CAMPAIGNS = N_("approve campaigns")
    JUDGE_TESTS = N_("say that a test mail looks right")
    DECIDE_BOUNCES = N_("decide about bounces held back")
    COUNT_AUDIENCES = N_("count audiences")
    WRITE_SEGMENTS = N_("write segments")
    SEE_PEOPLE = N_("see people of an audience")
    STOP_PEOPLE = N_("unsubscribe people, record withdrawals, keep addresses out")
    IMPORT_PEOPLE = N_("import people")
    READ_EVIDENCE = N_("read evidence")
    READ_POLICIES = N_("read policies")
    WRITE_POLICIES = N_("write policies")
    PUBLISH_POLICIES = N_("publish policies")
    EXPORT_PEOPLE = N_("export people")
    READ_FORMS = N_("read forms and topics")
    WRITE_FORMS = N_("change forms and topics")
    ANSWER_REQUESTS = N_("answer requests")
    DESTROY_PEOPLE = N_("decide what is destroyed")
    KEEP_REGISTERS = N_("keep the registers")
    READ_STAFF = N_("read the staff list")
    MANAGE_STAFF = N_("invite staff, change roles, close logins")
    READ_AUDIT = N_("read the audit log")
    READ_SETTINGS = N_("read the settings")
    CHANGE_SETTINGS = N_("name the operator, look the domain up, make keys, allow counting clicks")
    OWN_LOGIN = N_("look after one's own login")


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
    # Whoever got one has eyes; the domain asks that they got it.
    Act.JUDGE_TESTS: _WRITERS | {Role.OFFICER},
    Act.DECIDE_BOUNCES: _WRITERS | {Role.OFFICER},
    Act.COUNT_AUDIENCES: _EVERYBODY,
    Act.WRITE_SEGMENTS: _WRITERS,
    Act.SEE_PEOPLE: _WRITERS | {Role.OFFICER},
    # What is said in somebody's name is the keepers' matter; who sends looks on.
    Act.STOP_PEOPLE: _KEEPERS,
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
    # One decides and, where there are two, another approves.
    Act.DESTROY_PEOPLE: _KEEPERS,
    Act.KEEP_REGISTERS: _KEEPERS,
    Act.READ_STAFF: frozenset({Role.ADMIN}),
    Act.MANAGE_STAFF: frozenset({Role.ADMIN}),
    Act.READ_AUDIT: _KEEPERS,
    Act.READ_SETTINGS: _EVERYBODY,
    Act.CHANGE_SETTINGS: frozenset({Role.ADMIN}),
    Act.OWN_LOGIN: _EVERYBODY,
}


def may(role: str, act: str) -> bool:
    """Whether the role allows the act; an unknown role or act is a no."""
    return role in PERMISSIONS.get(act, frozenset())


def demand(role: str, act: str) -> None:
    """Raises NotAllowed, naming the roles that may."""
    if not may(role, act):
        able = ", ".join(sorted(PERMISSIONS.get(act, frozenset()))) or "nobody"
        raise NotAllowed(f"The role {role} may not {act}; it takes: {able}.")
