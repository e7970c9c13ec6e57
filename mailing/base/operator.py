"""The operator: who writes, as every form, footer and piece of evidence shows (policy 1.1).

What the settings say counts until the studio holds an identity; from then on that one does.
"""

import re
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from mailing.base.errors import Invalid, NotReady
from mailing.base.installation import here
from mailing.base.languages import gettext as _
from mailing.base.settings import Settings, current

_BIN = re.compile(r"\d{12}")
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,300}")


@dataclass(frozen=True, slots=True)
class Operator:
    """Who writes: shown in every footer. `contact` is the helpdesk mailbox."""

    name: str
    bin: str
    address: str
    contact: str

    @property
    def is_whole(self) -> bool:
        """Whether name, BIN and address are known."""
        return bool(self.name and self.bin and self.address)


def operator_of(settings: Settings) -> Operator:
    """The operator of this installation; raises NotReady while its identity is missing."""
    found = known(settings)
    if not found.is_whole:
        raise NotReady(
            "The operator's identity is missing: set KELISIM_OPERATOR_NAME, KELISIM_OPERATOR_BIN "
            "and KELISIM_OPERATOR_ADDRESS, or name the operator in the studio's settings. Nothing "
            "is sent without it."
        )
    return found


def is_named(settings: Settings) -> bool:
    """Whether the operator's name, BIN and address are known (policy 1.1)."""
    return known(settings).is_whole


def known(settings: Settings) -> Operator:
    """The operator as far as it is known; what is not is empty."""
    return held(settings) or _of_settings(settings)


def held(settings: Settings) -> Operator | None:
    """The identity that the studio holds; None while it holds none."""
    row = here()
    if not (row.operator_name and row.operator_bin and row.operator_address):
        return None
    return Operator(
        row.operator_name, row.operator_bin, row.operator_address, settings.helpdesk_address
    )


def shown() -> Operator:
    """The same for a page, which has to say who we are even while the database is away."""
    settings = current()
    try:
        return known(settings)
    except SQLAlchemyError:
        return _of_settings(settings)


def hold(name: str, number: str, address: str) -> tuple[Operator, Operator]:
    """Hold this identity from now on: what was known before, and what is. Raises `Invalid`, naming
    `name`, `bin` or `address`."""
    settings, row = current(), here()
    before = known(settings)
    row.operator_name = _line(name, "name", _("Enter the operator's full name, in one line."))
    row.operator_bin = _twelve_digits(number)
    row.operator_address = _line(
        address, "address", _("Enter the operator's postal address, in one line.")
    )
    return before, known(settings)


def _of_settings(settings: Settings) -> Operator:
    return Operator(
        name=settings.operator_name or "",
        bin=settings.operator_bin or "",
        address=settings.operator_address or "",
        contact=settings.helpdesk_address,
    )


def _line(text: str, field: str, otherwise: str) -> str:
    line = " ".join(text.split())
    if not _ONE_LINE.fullmatch(line):
        raise Invalid(otherwise, field)
    return line


def _twelve_digits(text: str) -> str:
    number = re.sub(r"[\s-]", "", text)
    if not _BIN.fullmatch(number):
        raise Invalid(_("Enter the BIN: twelve digits."), "bin")
    return number
