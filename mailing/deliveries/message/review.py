"""The editor's look at a finished message: what a reader, or a mail program, would stumble over.

Read back from the octets, like `inspection`, which asks whether it may go out at all. Pure. Each
finding is an id of `mailing.deliveries.review_words`, and what it is about.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from mailing.deliveries.message.looks import looks
from mailing.deliveries.message.oversights import Oversight
from mailing.deliveries.message.unshown import unshown
from mailing.deliveries.message.walking import Element, Walk

WARN_BYTES, CLIPPED_BYTES = 85_000, 100_000  # Gmail cuts a message at about 102 kB of HTML.
LONGEST_SUBJECT = 60
MOST_EXCLAMATIONS = 1
SHORTEST_CAPITALS = 8
LEAST_WORDS_BESIDE_IMAGES = 300  # characters
LEAST_SHARE_OF_TEXT = 0.3
SMALLEST_PIXELS = 14
KAZAKH_ENOUGH = 80  # letters in which one of its own is bound to appear

PLACEHOLDER = re.compile(r"\[(?:вставить|енгізу|insert|қою)\b[^\]]*\]?|\{\{|\{%", re.IGNORECASE)
FORWARDED = re.compile(r"\s*(?:re|fwd?|отв|пер)\s*(?:\[\d+\])?:", re.IGNORECASE)
LATIN, CYRILLIC = re.compile(r"[A-Za-z]"), re.compile(r"[\u0400-\u04ff]")
WORDS = re.compile(r"[^\W\d_]+")
KAZAKH = re.compile(r"[әғқңөұүһі]", re.IGNORECASE)
FONT_SIZE = re.compile(r"font-size:\s*(\d+(?:\.\d+)?)px", re.IGNORECASE)
ADDRESS = re.compile(r"https?://[^\s<>\"]+")
VAGUE = frozenset(
    ("here", "click here", "this link", "здесь", "тут", "по ссылке", "мұнда", "осында", "осы жерде")
)
SHORTENERS = frozenset(("bit.ly", "clck.ru", "goo.gl", "is.gd", "ow.ly", "t.co", "tinyurl.com"))
SIGNED = ("list-unsubscribe", "list-unsubscribe-post")


@dataclass(slots=True)
class Link:
    """Where a link leads, and the words that it stands on (an image's alt counts)."""

    address: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Own:
    """What a message has to hold of ours: where the policy lies, and the topic's name."""

    policy_url: str
    topic_name: str
    footer_from: str
    logo_url: str = ""


def review(raw: bytes, language: str, own: Own, with_looks: bool = True) -> Iterator[Oversight]:
    """Every finding about one message, each once; without its looks, which are those of every
    reader's where nothing in the message depends on who reads."""
    message = message_from_bytes(raw, policy=policy.default)
    html, text = _part(message, "html"), _part(message, "plain")
    page = _Page()
    page.feed(html)
    found = [
        *_signature(message),
        *_footer(page, text, own),
        *_subject(str(message["Subject"] or "")),
        *_words(page, text, language, own),
        *_images(page, text, own),
        *_links(page, text),
        *_page(page),
        *_size(html, raw),
        *([*looks(html), *unshown(html)] if with_looks else []),
    ]
    yield from dict.fromkeys(found)


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    return str(part.get_content()) if part is not None else ""


def _signature(message: EmailMessage) -> Iterator[Oversight]:
    """RFC 8058 section 4: the signature has to cover both fields."""
    for signature in message.get_all("DKIM-Signature", []):
        tags = dict(
            re.sub(r"\s", "", tag).partition("=")[::2]
            for tag in str(signature).split(";")
            if "=" in tag
        )
        signed = tags.get("h", "").lower().split(":")
        for name in SIGNED:
            if name not in signed:
                yield Oversight("unsigned_field", name)


def _footer(page: "_Page", text: str, own: Own) -> Iterator[Oversight]:
    addresses = [link.address for link in page.links]
    for name, is_there in (
        ("HTML", own.policy_url in addresses),
        ("text", own.policy_url in text.split()),
    ):
        if not is_there:
            yield Oversight("policy_link", name)
    for name, shown in (("HTML", page.shown), ("text", text)):
        if own.topic_name and own.topic_name not in shown:
            yield Oversight("why_line", name)


def _subject(subject: str) -> Iterator[Oversight]:
    letters = "".join(WORDS.findall(subject))
    if len(subject) > LONGEST_SUBJECT:
        yield Oversight("subject_long", str(len(subject)))
    if len(letters) >= SHORTEST_CAPITALS and letters == letters.upper() != letters.lower():
        yield Oversight("subject_capitals", subject)
    if subject.count("!") > MOST_EXCLAMATIONS:
        yield Oversight("subject_shouts", subject)
    if FORWARDED.match(subject):
        yield Oversight("subject_pretends", subject)
    for word in WORDS.findall(subject):
        if LATIN.search(word) and CYRILLIC.search(word):
            yield Oversight("mixed_letters", word)


def _words(page: "_Page", text: str, language: str, own: Own) -> Iterator[Oversight]:
    body = _body_of(text, own)
    for found in PLACEHOLDER.finditer(ADDRESS.sub(" ", f"{body}\n{page.shown}")):
        yield Oversight("placeholder", found[0])
    letters = "".join(WORDS.findall(body))
    if language == "kk" and len(letters) >= KAZAKH_ENOUGH and not KAZAKH.search(letters):
        yield Oversight("not_kazakh", "")
    seen = len(" ".join(page.shown.split()))
    if seen and len(" ".join(text.split())) < LEAST_SHARE_OF_TEXT * seen:
        yield Oversight("text_short", "")


def _images(page: "_Page", text: str, own: Own) -> Iterator[Oversight]:
    shown = [image for image in page.images if not own.logo_url or image.get("src") != own.logo_url]
    for image in shown:
        name = PurePosixPath(urlsplit(image.get("src") or "").path).name
        alt = image.get("alt")
        if alt is None:
            yield Oversight("alt_missing", name)
        elif alt.strip() and alt.strip().lower() in (
            name.lower(),
            PurePosixPath(name).stem.lower(),
        ):
            yield Oversight("alt_is_file", name)
    if shown and len(_body_of(text, own)) < LEAST_WORDS_BESIDE_IMAGES:
        yield Oversight("image_only", "")


def _links(page: "_Page", text: str) -> Iterator[Oversight]:
    for link in page.links:
        parts = urlsplit(link.address)
        if (parts.hostname or "").removeprefix("www.") in SHORTENERS:
            yield Oversight("shortener", link.address)
        if " ".join(link.words.lower().split()).strip(".,!:→ ") in VAGUE:
            yield Oversight("link_words", link.words.strip())
        if not link.words.strip():
            yield Oversight("link_wordless", link.address)
        if parts.scheme == "http" and not _is_here(parts.hostname or ""):
            yield Oversight("insecure_link", link.address)
        if parts.scheme in ("http", "https") and link.address not in text:
            yield Oversight("text_lacks_link", link.address)


def _is_here(host: str) -> bool:
    """On this machine, where a trial runs without a certificate; elsewhere that stops a start."""
    return host in ("localhost", "::1") or host.startswith("127.")


def _page(page: "_Page") -> Iterator[Oversight]:
    if not page.has_language:
        yield Oversight("no_language", "")
    if not page.title.strip():
        yield Oversight("no_title", "")
    if page.plain_tables:
        yield Oversight("layout_tables", str(page.plain_tables))
    for size in sorted(page.small):
        yield Oversight("small_letters", f"{size:g}")


def _size(html: str, raw: bytes) -> Iterator[Oversight]:
    size = len(html.encode())
    if size >= CLIPPED_BYTES:
        yield Oversight("clipped", f"{size // 1000}")
    elif size >= WARN_BYTES or len(raw) >= 2 * CLIPPED_BYTES:
        yield Oversight("large", f"{max(size, len(raw)) // 1000}")


def _body_of(text: str, own: Own) -> str:
    """The text above the footer."""
    return (
        text.rpartition(f"\n{own.footer_from}")[0].replace("\r", "").removesuffix("----\n").strip()
    )


class _Page(Walk):
    """What the checks need of a page, in one pass."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.images: list[dict[str, str | None]] = []
        self.small: set[float] = set()
        self.plain_tables = 0
        self.has_language, self.title = False, ""
        self._words = list[str]()
        self._link: Link | None = None

    @property
    def shown(self) -> str:
        """The words that a reader sees."""
        return "".join(self._words)

    def entered(self, element: Element) -> None:
        if not self.is_hidden:
            sizes = map(float, FONT_SIZE.findall(element.given.get("style") or ""))
            self.small.update(size for size in sizes if 0 < size < SMALLEST_PIXELS)
        self._note(element.tag, element.given)

    def closed(self, element: Element) -> None:
        if element.tag == "a":
            self._link = None

    def said(self, words: str) -> None:
        if any(element.tag == "title" for element in self.open):
            self.title += words
        if self.is_hidden:
            return
        self._words.append(words)
        if self._link is not None:
            self._link.words += words

    def _note(self, tag: str, given: dict[str, str | None]) -> None:
        if tag == "a" and given.get("href"):
            self._link = Link((given["href"] or "").strip())
            self.links.append(self._link)
        elif tag == "img":
            self.images.append(given)
            if self._link is not None:
                self._link.words += given.get("alt") or ""
        elif tag == "table" and given.get("role") not in ("presentation", "none"):
            self.plain_tables += 1
        elif tag == "div" and given.get("lang") and given.get("dir"):
            self.has_language = True
