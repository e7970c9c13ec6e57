"""Third persons: of the rows that are somebody's, those in which somebody else speaks, too.

A letter in their name from another address is not theirs to read: it is its author's.
"""

from typing import Any

from mailing.base.errors import Invalid
from mailing.base.sealing import keyring
from mailing.base.settings import current
from mailing.inbound.reading import Trust, read
from mailing.people.canonical import canonical
from mailing.people.subscribers import digest_of
from mailing.requests.correspondent import Correspondent
from mailing.requests.whose import Person

Row = dict[str, Any]

# What no person wrote: reports of mail systems about a message to them.
_MACHINES = ("bounce-hard", "bounce-soft", "bounce-other", "auto-reply", "complaint")
N_ = str  # Marks a text for the catalogues.
NOT_THEIRS = N_("It was written from another address than yours, so it may be somebody else's.")


def is_not_told(table: str, row: Row) -> bool:
    """Whether nothing of a row is told: a disclosure that has not happened. An inquiry is no
    business of whoever it is about before it has led to anything."""
    return table == "disclosures" and row["state"] != "exported"


def is_of_another(table: str, row: Row, who: Person) -> bool:
    """Whether somebody else wrote a row, or it was written to somebody else."""
    asked = {"inbound_messages": _letter, "requests": _request, "answers": _answer}.get(table)
    return asked(row, who) if asked else False


def _letter(row: Row, who: Person) -> bool:
    if row["kind"] in _MACHINES:
        return False
    sealed, about = row["sealed"], bytes.fromhex(row["sha256"])
    letter = read(keyring(current().data_key).decrypt(sealed, about))
    is_forged = letter.trust is Trust.FAILED
    return is_forged or letter.sender is None or not _is_theirs(letter.sender, who)


def _request(row: Row, who: Person) -> bool:
    wrote = Correspondent.opened(row["sender"], row["correspondent_id"])
    return wrote is not None and not _is_theirs(wrote.address, who)


def _answer(row: Row, who: Person) -> bool:
    """A reply to a letter goes to its author; an address that they named themselves is theirs."""
    went_elsewhere = row["recipient"] is not None and row["digest"] not in who.digests
    return went_elsewhere and row["kind"] in ("receipt", "letter")


def _is_theirs(address: str, who: Person) -> bool:
    try:
        return digest_of(canonical(address)) in who.digests
    except Invalid:
        return False
