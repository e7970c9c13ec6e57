"""What stands in a mail to staff; the same for everybody but for its numbers, in their language."""

from collections.abc import Callable

from mailing.base.languages import date_text, gettext_for
from mailing.deliveries.account_mails import AccountMail, Why
from mailing.deliveries.message import AnswerMail

Say = Callable[[str], str]
Said = tuple[str, list[str], str, list[str]]


def mail_of(mail: AccountMail, url: str) -> AnswerMail:
    """The sentences around the button that leads to `url`."""
    language, why = mail.language, Why(mail.why)
    if why is Why.DIGEST:
        heading, before, button, after = _digest(mail)
    else:
        heading, before, button, after = _SAID[why](gettext_for(language).gettext)
    return AnswerMail(language, heading, before, button, url, after, source="staff")


def _digest(mail: AccountMail) -> Said:
    """Numbers of the desk, each in a line of its own; nobody is named."""
    _ = gettext_for(mail.language).gettext
    day = date_text(mail.day, mail.language) if mail.day else ""
    lines = [
        (_("Overdue: %(number)s"), "overdue"),
        (_("Due today: %(number)s"), "today"),
        (_("Due this week: %(number)s"), "week"),
        (_("Later: %(number)s"), "later"),
        (_("Waiting for the person: %(number)s"), "waiting"),
        (_("Not confirmed yet: %(number)s"), "unconfirmed"),
        (_("Incidents that the authority has not been told of: %(number)s"), "incidents"),
    ]
    told = [line % {"number": mail.told.get(name, 0)} for line, name in lines]
    return (
        _("The desk on %(day)s") % {"day": day},
        told,
        _("Open the requests"),
        [_("You get this on each working day because you chose it in the studio, at your login.")],
    )


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
