"""What a server offers in its answer to EHLO. RFC 5321 4.1.1.1."""

from dataclasses import dataclass
from typing import Self

from worker.smtp.reply import Reply


@dataclass(frozen=True, slots=True)
class Extensions:
    """Offered keywords in capitals, the login mechanisms, and the largest message in octets.

    `size_limit` is None where the server names no fixed limit (RFC 1870 section 4).
    """

    keywords: frozenset[str] = frozenset()
    logins: frozenset[str] = frozenset()
    size_limit: int | None = None

    @classmethod
    def read(cls, reply: Reply) -> Self:
        """Read an EHLO reply; the first line is the greeting, not an offer."""
        # `AUTH=LOGIN` is how servers older than RFC 4954 wrote it.
        offers = [line.upper().replace("=", " ").split() for line in reply.lines[1:]]
        keywords = frozenset(words[0] for words in offers if words)
        logins = {name for words in offers if words[:1] == ["AUTH"] for name in words[1:]}
        limits = [_limit(words[1]) for words in offers if words[0:1] == ["SIZE"] and words[1:]]
        return cls(keywords, frozenset(logins), limits[0] if limits else None)

    def offers(self, keyword: str) -> bool:
        return keyword in self.keywords


def _limit(digits: str) -> int | None:
    """Read at most 20 digits, as RFC 1870 section 3 allows; 0 says that there is no limit."""
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= 20
    return int(digits) or None if is_number else None
