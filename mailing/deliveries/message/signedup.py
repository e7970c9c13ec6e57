"""The footer's sentence of when and where its reader signed up.

A sentence of its own behind the reason, and short: it is a value of the person, so whatever it
holds is encoded for each of them. People who signed up on one day on one site share it.
"""

from collections.abc import Callable
from functools import lru_cache

from mailing.base.languages import date_text
from mailing.deliveries.message.frame import Frame, SignedUp, one_line

Sentence = Callable[[SignedUp], str]

_KEPT = 4096  # sentences of a campaign in one language; eleven years of days on one site


def sentences(language: str, frame: Frame) -> Sentence:
    """What tells it in this language, a blank before it; empty where the day is not known.

    Raises `UnsafeValue` for a site or a form that would break the line.
    """
    return lru_cache(maxsize=_KEPT)(lambda signed_up: _sentence(signed_up, language, frame))


def untold(_: SignedUp) -> str:
    """Nothing: what is no subscription has no day of signing up."""
    return ""


def _sentence(signed_up: SignedUp, language: str, frame: Frame) -> str:
    day, site, form = signed_up
    if day is None:
        return ""
    _ = frame.gettext
    if site:
        text = _("You signed up on %(date)s at %(site)s.")
    elif form:
        text = _("You signed up on %(date)s through the form “%(form)s”.")
    else:
        text = _("You signed up on %(date)s.")
    shown = {"date": date_text(day, language), "site": site, "form": form}
    return one_line("Where somebody signed up", f" {text % shown}")
