"""Robots: by which names machines write, and nobody else."""

import re

# RFC 3834 section 2, and what robots sign with.
_MAILBOX = re.compile(
    r"(?:mailer-daemon|postmaster|no-?reply.*|do-?not-?reply|bounces?|root|daemon|listserv"
    r"|majordomo|owner-.+|.+-(?:owner|request|bounces?|relay|outgoing))(?:[+=].*)?",
    re.IGNORECASE,
)
# Less sure: people are called administrators, too. It counts with a bounce's words beside it.
_REPORTER = re.compile(
    r"mailer-?\s?daemon|poo?stmaster|mail\s?deliver|delivery\s?(?:sub)?system|no-?reply|bounce"
    r"|administrator|sysadmin|mail\.delivery|interscan|^\s*<>\s*$|^\s*$",
    re.IGNORECASE,
)


def is_robot(mailbox: str) -> bool:
    """Whether nobody reads what is sent to a mailbox of this name (a local part)."""
    return _MAILBOX.fullmatch(mailbox) is not None


def reports(author: str) -> bool:
    """Whether somebody of this name (a whole `From`) may be a mail system that reports."""
    return _REPORTER.search(author) is not None
