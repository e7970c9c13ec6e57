"""A new password as somebody types it, twice."""

from collections.abc import Mapping

from mailing.base.languages import gettext
from mailing.staff.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD


def chosen(posted: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The password, and what is wrong by the name of the field."""
    password, again = posted.get("password", ""), posted.get("again", "")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return password, {
            "password": gettext(
                "A password has %(least)s to %(most)s characters; a few unrelated words make a "
                "good one.",
                least=SHORTEST_PASSWORD,
                most=LONGEST_PASSWORD,
            )
        }
    if password != again:
        return password, {"again": gettext("The two do not agree; type the password again.")}
    return password, {}
