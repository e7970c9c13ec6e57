"""Remarks: words of staff that stay after a person is destroyed, and so must not name them."""

from mailing.base.errors import Invalid
from mailing.base.languages import gettext as _
from mailing.base.plain import clean_text
from mailing.people import subscribers
from mailing.people.subscribers import Subscriber

_SHORTEST_NAME = 3


class Named(Invalid):
    """Words that would stay name somebody."""


def clean(words: str, person: Subscriber, field: str, longest: int) -> str:
    """The words as they are kept. Raises Invalid for none, for too many, and for words in which an
    address or anything that we know of the person stands."""
    said = " ".join(clean_text(field, words, longest).split())
    if not said:
        raise Invalid(_("Say why; it is kept, and stands in the certificate."), field)
    if "@" in said or any(name in _bare(said) for name in _names(person)):
        raise Named(_("Leave out who it is: these words stay when the data have gone."), field)
    return said


def _names(person: Subscriber) -> list[str]:
    personal = subscribers.personal_of(person)
    known = personal.as_dict().values() if personal else ()
    return [bare for one in known if len(bare := _bare(one)) >= _SHORTEST_NAME]


def _bare(words: str) -> str:
    """Letters and digits alone: a telephone is written in many ways."""
    return "".join(letter for letter in words.casefold() if letter.isalnum())
