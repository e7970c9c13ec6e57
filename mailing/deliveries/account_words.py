"""What stands in a mail about a login; the same for everybody, in their language."""

from collections.abc import Callable

from mailing.base.languages import gettext_for
from mailing.deliveries.account_mails import Why
from mailing.deliveries.message import AnswerMail

Say = Callable[[str], str]
Said = tuple[str, list[str], str, list[str]]


def mail_of(why: Why, language: str, url: str) -> AnswerMail:
    """The sentences around the button that leads to `url`."""
    heading, before, button, after = _SAID[why](gettext_for(language).gettext)
    return AnswerMail(language, heading, before, button, url, after, source="staff")


def _invitation(_: Say) -> Said:
    return (
        _("You are invited to the studio"),
        [
            _(
                "A login to the studio, where our mailings are written and sent, has been made for "
                "this address. Choose a password, and it is yours."
            ),
        ],
        _("Choose a password"),
        [
            _("The link works once, within 72 hours. Do not pass it on."),
            _("If you do not expect this, you need not do anything: without a password it ends."),
        ],
    )


def _reset(_: Say) -> Said:
    return (
        _("A new password for the studio"),
        [_("Somebody asked for a new password for the login with this address.")],
        _("Choose a new password"),
        [
            _("The link works once, within 2 hours. Do not pass it on."),
            _(
                "If it was not you, you need not do anything: your password stays as it is, and "
                "nobody but you has this link."
            ),
        ],
    )


_SAID: dict[Why, Callable[[Say], Said]] = {Why.INVITATION: _invitation, Why.RESET: _reset}
