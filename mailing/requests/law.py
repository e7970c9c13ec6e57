"""The law that decisions rest upon: articles and grounds, as data in three languages."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mailing.base.errors import Invalid
from mailing.base.languages import SOURCE
from mailing.requests.kinds import Kind, Ruling

FILE = Path(__file__).parent / "law.toml"


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a right is refused, whole or in part; `rights` empty where it fits each of them."""

    slug: str
    article: str
    rights: frozenset[str]

    def sentence(self, language: str) -> str:
        """The ground as the person reads it."""
        return _in(_told()["grounds"][self.slug], language)

    def citation(self, language: str) -> str:
        """The article that it rests upon, as it is cited."""
        return _in(_told()["articles"][self.article], language)


def grounds(kind: Kind | None = None) -> list[Ground]:
    """Those that may be chosen for a right; all where none is named."""
    found = [_ground(slug, told) for slug, told in _told()["grounds"].items()]
    return [one for one in found if kind is None or not one.rights or kind in one.rights]


def ground(slug: str, kind: Kind) -> Ground:
    """Raises Invalid for one that does not fit this right."""
    found = next((one for one in grounds(kind) if one.slug == slug), None)
    if found is None:
        raise Invalid("Choose the ground that this decision rests upon.", field="ground")
    return found


def known(slug: str | None) -> Ground | None:
    """A ground that a decision keeps."""
    return next((one for one in grounds() if one.slug == slug), None)


def right_in(kind: Kind, language: str) -> str:
    """What a right is called in an answer."""
    return _in(_told()["rights"][kind.value], language)


def ruling_in(ruling: Ruling, language: str) -> str:
    """What a decision is called in an answer."""
    return _in(_told()["rulings"][ruling.value], language)


def _ground(slug: str, told: dict[str, Any]) -> Ground:
    return Ground(slug, told["article"], frozenset(told.get("rights", ())))


def _in(told: dict[str, Any], language: str) -> str:
    return str(told.get(language) or told[SOURCE])


@cache
def _told() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text("utf-8"))
