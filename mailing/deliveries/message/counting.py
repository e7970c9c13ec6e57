"""Links whose clicks are counted: found in the cleaned HTML, and led through an address of ours.

That address is the same for everybody who reads the message in one language, so a link that could
tell readers apart is left as it is: one that holds a merge field, and one inside a condition. So is
one whose words are an address: what a reader sees must be where it leads.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from html import escape, unescape
from urllib.parse import SplitResult, urlsplit

from mailing.deliveries.message.frame import UNSAFE, Frame
from mailing.deliveries.message.merge import Draft
from mailing.deliveries.message.weave import ATTRIBUTE, TOKEN

LINK = re.compile(r"<a[\s>]", re.IGNORECASE)
PICTURE = re.compile(r"<img\s", re.IGNORECASE)
SPACES = re.compile(r"\s+")
# "https://a.example/b", "www.a.example", "a.example/b": words that say where they lead.
ADDRESS = re.compile(r"\s*(?:https?://|www\.)\S+\s*|\s*[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?\s*")
_STEPS = {"if": 1, "endif": -1}


class Left(StrEnum):
    """Why a link is left as it is."""

    MERGED = "merged"
    CONDITIONAL = "conditional"
    OWN = "own"
    SHOWN = "shown"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the author's words: where it leads, what is pressed, and why it is left alone
    (None: it can be counted)."""

    target: str
    words: str
    left: Left | None = None


@dataclass(slots=True)
class Counter:
    """Walks through one message. `addresses` has for each target those that lead there, one for
    each time that it stands there; what it has none for leads straight there."""

    own: str
    addresses: Mapping[str, tuple[str, ...]]
    found: list[Link] = field(default_factory=list)

    def lead(self, markup: str, draft: Draft) -> str:
        """The same cleaned HTML, its links led through their addresses."""
        tokens: list[str] = TOKEN.findall(markup)
        return "".join(self._led(tokens, draft))

    def _led(self, tokens: list[str], draft: Draft) -> Iterator[str]:
        depth = 0
        for place, token in enumerate(tokens):
            depth += sum(_STEPS.get(word, 0) for word in _conditions(token, draft))
            href = _href(token)
            if href is None:
                yield token
            else:
                words = _words(tokens[place + 1 :], draft)
                yield self._token(token, href, self._link(href, words, draft, depth))

    def _token(self, token: str, href: re.Match[str], link: Link) -> str:
        to = self._address(link)
        self.found.append(link)
        if to is None:
            return token
        return f"{token[: href.start(2)]}{escape(to)}{token[href.end(2) :]}"

    def _address(self, link: Link) -> str | None:
        known = () if link.left else self.addresses.get(link.target, ())
        before = sum(one.left is None and one.target == link.target for one in self.found)
        return known[before] if before < len(known) else None

    def _link(self, href: re.Match[str], words: str, draft: Draft, depth: int) -> Link:
        if draft.pattern.search(href[2]):
            return Link(draft.pattern.sub("…", unescape(href[2])), words, Left.MERGED)
        target = unescape(href[2])
        return Link(target, words, self._left(target, words, depth))

    def _left(self, target: str, words: str, depth: int) -> Left | None:
        parts = _split(target)
        if parts is None:
            return Left.OTHER
        if parts.hostname == self.own:
            return Left.OWN
        if depth:
            return Left.CONDITIONAL
        return Left.SHOWN if ADDRESS.fullmatch(words) else None


def counter_of(frame: Frame) -> Counter:
    """One for a message in this frame; our own pages are those beside the policy."""
    return Counter(urlsplit(frame.policy_url).hostname or "", frame.links)


def _conditions(token: str, draft: Draft) -> Iterator[str]:
    return (draft.tags[int(found[1])].word for found in draft.pattern.finditer(token))


def _href(token: str) -> re.Match[str] | None:
    """Where its address stands; None for what is no link."""
    if not LINK.match(token):
        return None
    return next((one for one in ATTRIBUTE.finditer(token) if one[1] == "href"), None)


def _words(following: list[str], draft: Draft) -> str:
    """What stands between the tag and its end; an image is what it shows."""
    said = []
    for token in following:
        if token.startswith("</a"):
            break
        if PICTURE.match(token):
            said += [one[2] for one in ATTRIBUTE.finditer(token) if one[1] == "alt"]
        elif not token.startswith("<"):
            said.append(token)
    plain = draft.pattern.sub("…", unescape(" ".join(said)))
    return SPACES.sub(" ", plain).strip()


def _split(target: str) -> SplitResult | None:
    """Its parts; None for what is no plain web address: mailto, a place in the page, a password."""
    try:
        parts = urlsplit(target)
        is_plain = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        return None
    return parts if is_plain and not UNSAFE.search(target) and not SPACES.search(target) else None
