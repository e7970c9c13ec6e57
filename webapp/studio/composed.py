"""The composer's form: blocks as ordinary fields, and what its buttons do to the list of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from mailing.base.languages import LANGUAGES
from mailing.campaigns.blocks import MOST_BLOCKS, PARTS, Block, from_body, to_body
from mailing.campaigns.campaigns import Campaign
from mailing.campaigns.content import Content, Format
from webapp.studio.draft import Draft

# Fields of the form that are not the author's words.
_OURS = frozenset({"csrf_token", "act", "save", "preview", "shown"})

Blocks = dict[str, list[Block]]


@dataclass(frozen=True)
class Pressed:
    """A button of the composer: what it does, in which language, to which block (from 1).

    For `add`, `what` is the kind of the new block.
    """

    tongue: str
    act: str
    what: str

    @property
    def place(self) -> int:
        """The block's index in the list; -1 where there is none."""
        return int(self.what) - 1 if self.what.isascii() and self.what.isdigit() else -1


def composed(form: Mapping[str, str]) -> Draft:
    """Read the form; a language of empty blocks says nothing."""
    draft = Draft()
    draft.contents = {tongue: _content(form, tongue) for tongue in LANGUAGES}
    return draft


def blocks_in(form: Mapping[str, str]) -> Blocks:
    """The blocks of each language as they stand in the form, empty ones too."""
    return {tongue: _blocks(form, tongue) for tongue in LANGUAGES}


def as_form(campaign: Campaign) -> dict[str, str]:
    """The fields of the form as the campaign stands."""
    said: dict[str, str] = {}
    for body in campaign.bodies:
        said[f"{body.language}-subject"] = body.subject
        said[f"{body.language}-preheader"] = body.preheader
        if body.format == Format.BLOCKS:
            said |= _fields(body.language, from_body(body.body))
    return said


def words_of(form: Mapping[str, str]) -> dict[str, str]:
    """What of a posted form is worth keeping: everything that somebody typed or chose."""
    return {
        name: text.replace("\r\n", "\n").replace("\0", "")
        for name, text in form.items()
        if name not in _OURS
    }


def read_button(form: Mapping[str, str]) -> Pressed | None:
    """Which of the composer's buttons was pressed; None for another, and for none."""
    tongue, _, rest = form.get("act", "").partition(":")
    act, _, what = rest.partition(":")
    return Pressed(tongue, act, what) if tongue in LANGUAGES else None


def press(form: dict[str, str], pressed: Pressed) -> tuple[dict[str, str], int]:
    """The form after a button, and the number of the block that it is about now."""
    listed = _blocks(form, pressed.tongue)
    place = pressed.place if 0 <= pressed.place < len(listed) else -1
    kept = {name: text for name, text in form.items() if not _is_block(name, pressed.tongue)}
    if pressed.act == "add" and pressed.what in PARTS and len(listed) < MOST_BLOCKS:
        listed.append(Block(pressed.what))
        place = len(listed) - 1
    elif place >= 0:
        place = _moved(listed, place, pressed.act)
    return kept | _fields(pressed.tongue, listed), place + 1


def _moved(listed: list[Block], place: int, act: str) -> int:
    match act:
        case "up" if place > 0:
            listed.insert(place - 1, listed.pop(place))
            return place - 1
        case "down" if place < len(listed) - 1:
            listed.insert(place + 1, listed.pop(place))
            return place + 1
        case "copy" if len(listed) < MOST_BLOCKS:
            listed.insert(place + 1, listed[place])
            return place + 1
        case "delete":
            listed.pop(place)
            return min(place, len(listed) - 1)
    return place


def _content(form: Mapping[str, str], tongue: str) -> Content:
    blocks = _blocks(form, tongue)
    is_said = any(not block.is_empty for block in blocks)
    return Content(
        language=tongue,
        subject=form.get(f"{tongue}-subject", "").strip(),
        body=to_body(blocks) if is_said else "",
        format=Format.BLOCKS.value,
        preheader=form.get(f"{tongue}-preheader", "").strip(),
    )


def _blocks(form: Mapping[str, str], tongue: str) -> list[Block]:
    found = []
    for number in range(1, MOST_BLOCKS + 1):
        kind = form.get(f"{tongue}-{number}-kind", "")
        if kind not in PARTS:
            break
        said = {name: form.get(f"{tongue}-{number}-{name}", "") for name in PARTS[kind]}
        found.append(Block(kind, {name: _lf(text) for name, text in said.items() if text}))
    return found


def _lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "")


def _fields(tongue: str, blocks: list[Block]) -> dict[str, str]:
    said: dict[str, str] = {}
    for number, block in enumerate(blocks, 1):
        said[f"{tongue}-{number}-kind"] = block.kind
        said |= {f"{tongue}-{number}-{name}": text for name, text in block.said.items()}
    return said


def _is_block(name: str, tongue: str) -> bool:
    return name.removeprefix(f"{tongue}-")[:1].isdigit() and name.startswith(f"{tongue}-")
