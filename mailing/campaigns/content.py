"""What a campaign says in one language."""

from dataclasses import dataclass
from enum import StrEnum

# The one merge tag that is no field: what tells this reader's links from everybody else's.
LINK = "link_token"


class Format(StrEnum):
    """How the author wrote the body."""

    MARKDOWN = "markdown"
    HTML = "html"
    MJML = "mjml"
    BLOCKS = "blocks"


@dataclass(frozen=True, slots=True)
class Content:
    """Subject, preview text and body in one of kk, ru, en."""

    language: str
    subject: str
    body: str
    format: str = Format.MARKDOWN
    preheader: str = ""
