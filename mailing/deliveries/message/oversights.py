"""What an author overlooks: words left over, links that lead nowhere, images of other hosts.

A message with any of these can be sent and read; it embarrasses, or tells a stranger who opens
it. Pure, like the rest of the message.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from ipaddress import ip_address
from urllib.parse import urlsplit

# Printers' marks for "to come"; none is a word of Kazakh, Russian or English.
LEFT_OVER = re.compile(r"\b(?:TK|TODO|FIXME|XXX+|lorem|ipsum)\b", re.IGNORECASE)
ADDRESS = re.compile(r"\S*://\S+")


@dataclass(frozen=True, slots=True)
class Oversight:
    """`id` is left_over_words, dead_link or foreign_image; `what` the word, address or host."""

    id: str
    what: str


def oversights(subject: str, html: str, text: str, own: Collection[str]) -> Iterator[Oversight]:
    """Each of them once, in the order of the page.

    `own` are the origins (`https://a.example`) that are ours: images may come from them, and
    links to them are right even where they are on this machine.
    """
    words = ADDRESS.sub(" ", f"{subject}\n{text}")
    for word in dict.fromkeys(found[0] for found in LEFT_OVER.finditer(words)):
        yield Oversight("left_over_words", word)
    reader = _AddressReader()
    reader.feed(html)
    for link in dict.fromkeys(reader.links):
        if _leads_nowhere(link, own):
            yield Oversight("dead_link", link)
    for host in dict.fromkeys(_host(image) for image in reader.images if _origin(image) not in own):
        yield Oversight("foreign_image", host)


def addresses_in(html: str) -> list[str]:
    """Where its links lead, each once, in the order of the page."""
    reader = _AddressReader()
    reader.feed(html)
    return list(dict.fromkeys(reader.links))


def _leads_nowhere(link: str, own: Collection[str]) -> bool:
    if link in ("", "#"):
        return True
    return _origin(link) not in own and _is_this_machine(_host(link))


def _is_this_machine(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


class _AddressReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.images: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: (value or "").strip() for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.images += [given[name] for name in ("src", "background") if given.get(name)]
