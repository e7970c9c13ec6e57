"""What stands in an answer to a person's own request; the same for everybody, in their language."""

from collections.abc import Callable

from mailing.base.languages import gettext_for
from mailing.deliveries.answers import AnswerKind
from mailing.deliveries.message import AnswerMail

Say = Callable[[str], str]


def mail_of(kind: AnswerKind, language: str, url: str) -> AnswerMail:
    """The sentences of one kind of answer, around the button that leads to `url`."""
    heading, before, button, after = _SAID[kind](gettext_for(language).gettext)
    return AnswerMail(language, heading, before, button, url, after)


Said = tuple[str, list[str], str, list[str]]


def _link(_: Say) -> Said:
    return (
        _("Your link to your data and choices"),
        [
            _(
                "Here is the link that was asked for. With it you can see and download what we "
                "hold about you, put it right, change your address, choose what you get, or leave."
            ),
        ],
        _("Open my data and choices"),
        [
            _(
                "For 24 hours the link opens all of it. After that it still leads to your choices "
                "and out of every subscription. Do not pass it on."
            ),
            _(
                "If you did not ask for it, you need not do anything: nothing has changed, and "
                "nobody has seen your data. If such messages keep coming, write to us."
            ),
        ],
    )


def _old_address(_: Say) -> Said:
    return (
        _("Do you want to change your address?"),
        [
            _(
                "By a link that we had mailed to you, another address was named for our messages. "
                "Nothing has changed yet."
            ),
            _(
                "The change happens only if you agree here and the other mailbox agrees too, both "
                "within 7 days."
            ),
        ],
        _("Agree to the change, or stop it"),
        [
            _(
                "If it was not you, stop it there. Without your answer nothing changes either, and "
                "the other address is deleted after 7 days."
            ),
        ],
    )


def _new_address(_: Say) -> Said:
    return (
        _("Is this your new address?"),
        [
            _(
                "One of our subscribers named this address for the messages that they get from "
                "us. Nothing has changed yet."
            ),
            _(
                "The change happens only if you agree here and their present mailbox agrees too, "
                "both within 7 days."
            ),
        ],
        _("Agree to the change, or stop it"),
        [
            _(
                "If it was not you, you need not do anything: nothing more is sent to this "
                "address, and it is deleted after 7 days."
            ),
        ],
    )


def _claim(_: Say) -> Said:
    return (
        _("Was this letter from you?"),
        [
            _(
                "A letter in your name withdraws your consent to the processing of your personal "
                "data. We cannot tell whether it was you, so nothing more is sent to you until you "
                "answer."
            ),
            _(
                "If it was you, confirm it: then your consent ends and your data are destroyed. If "
                "it was not you, say so: then everything goes on as you chose it before."
            ),
        ],
        _("Answer the question"),
        [
            _(
                "Without your answer nothing is sent to you and nothing is destroyed. The link "
                "stays as it is; do not pass it on."
            ),
        ],
    )


def _bundle(_: Say) -> Said:
    return (
        _("Your data are ready"),
        [
            _(
                "Everything that we hold about you has been put into one file: to read, to print, "
                "and for programs."
            ),
        ],
        _("Open the page with the file"),
        [
            _(
                "The file can be downloaded once, within 7 days. After that it is destroyed; you "
                "can ask for it again at any time."
            ),
            _("Do not pass the link on: whoever has it can read all of it."),
        ],
    )


_SAID: dict[AnswerKind, Callable[[Say], Said]] = {
    AnswerKind.LINK: _link,
    AnswerKind.OLD_ADDRESS: _old_address,
    AnswerKind.NEW_ADDRESS: _new_address,
    AnswerKind.CLAIM: _claim,
    AnswerKind.BUNDLE: _bundle,
}
