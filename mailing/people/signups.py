"""Signing up: when and where somebody said the yes that they are mailed on.

A message's footer tells it. It is a fact of the ledger, kept beside the standing so that the gate
need not look the entry up: on the hot path that would be two reads in random places a message.
"""

from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class SignUp(NamedTuple):
    """`site` is where the form was filled in, `form` the slug that an import attests; each None
    where it is not known."""

    at: datetime
    site: str | None = None
    form: str | None = None


def given(evidence: dict[str, Any], at: datetime) -> SignUp:
    """What a `given` tells: the site of its page alone, for a path may be anybody's words."""
    parts = urlsplit(evidence.get("page") or "")
    is_site = parts.scheme in ("http", "https") and "@" not in parts.netloc
    return SignUp(at, site=parts.netloc or None if is_site else None)


def attested(evidence: dict[str, Any], at: datetime) -> SignUp:
    """What an `attested` tells: when and through which form, as the file's row has it."""
    said = evidence.get("consent_at")
    return SignUp(datetime.fromisoformat(said) if said else at, form=evidence.get("form"))
