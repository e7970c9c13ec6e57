"""What a server offers in its answer to EHLO. RFC 5321 4.1.1.1."""

from dataclasses import dataclass
from typing import Self

from worker.smtp.reply import Reply


@dataclass(frozen=True, slots=True)
class Extensions:
    """Offered keywords in capitals, and the login mechanisms."""

    keywords: frozenset[str] = frozenset()
    logins: frozenset[str] = frozenset()

    @classmethod
    def read(cls, reply: Reply) -> Self:
        """Read an EHLO reply; the first line is the greeting, not an offer."""
        # `AUTH=LOGIN` is how servers older than RFC 4954 wrote it.
        offers = [line.upper().replace("=", " ").split() for line in reply.lines[1:]]
        keywords = frozenset(words[0] for words in offers if words)
        logins = {name for words in offers if words[:1] == ["AUTH"] for name in words[1:]}
        return cls(keywords, frozenset(logins))

    def offers(self, keyword: str) -> bool:
        return keyword in self.keywords
