"""Reading a page as a browser and a screen reader would: what a test has to know of its HTML."""

from collections import Counter
from html.parser import HTMLParser
from urllib.parse import urlsplit

VOID = {"input", "link", "meta", "br", "hr", "img", "wbr", "source", "col"}
FOREIGN = {"script", "img", "iframe", "object", "embed", "video", "audio", "svg", "base"}
POINTERS = ("aria-describedby", "aria-labelledby", "aria-controls", "for", "headers")

Attributes = dict[str, str]


class PageReader(HTMLParser):
    """The elements of one page in order, and the words inside its headings, title and labels."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.open: list[str] = []
        self.words: Counter[str] = Counter()
        self.unbalanced: list[str] = []
        self.inside_label: list[Attributes] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        if "label" in self.open:
            self.inside_label.append(given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.words[tag] += len(data.strip())

    def all(self, *tags: str) -> list[Attributes]:
        """The attributes of every element with one of these names."""
        return [given for tag, given in self.elements if tag in tags]

    def complaints(self) -> list[str]:
        """Everything that no page of ours may do."""
        return [*self._structure(), *self._fields(), *self._links()]

    def _structure(self) -> list[str]:
        ids = Counter(given["id"] for _, given in self.elements if "id" in given)
        pointed = {
            one
            for _, given in self.elements
            for name in POINTERS
            for one in given.get(name, "").split()
        }
        found = [f"the id {one} stands twice" for one, times in ids.items() if times > 1]
        found += [f"nothing has the id {one}" for one in sorted(pointed - set(ids))]
        found += [f"</{tag}> closes something else" for tag in self.unbalanced]
        found += [] if len(self.all("h1")) == 1 else [f"{len(self.all('h1'))} headings h1"]
        found += [] if self.words["h1"] else ["the heading is empty"]
        found += [] if self.words["title"] else ["the title is empty"]
        return found + ([] if len(self.all("main")) == 1 else ["not one main"])

    def _fields(self) -> list[str]:
        labelled = {given.get("for") for given in self.all("label")}
        return [
            f"{given.get('name')} has no label"
            for given in self.all("input", "select", "textarea")
            if given.get("type") not in ("hidden", "submit")
            and given.get("id") not in labelled
            and not {"aria-label", "aria-labelledby"} & set(given)
            and given not in self.inside_label
        ]

    def _links(self) -> list[str]:
        found = [f"<{tag}>" for tag, _ in self.elements if tag in FOREIGN]
        for tag, given in self.elements:
            found += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
            found += ["a refresh"] if given.get("http-equiv", "").lower() == "refresh" else []
            for name in ("href", "src", "action", "formaction"):
                parts = urlsplit(given.get(name, ""))
                is_ours = parts.scheme in ("", "mailto") and not parts.netloc
                found += [] if is_ours else [f"leads away: {given[name]}"]
        return found
