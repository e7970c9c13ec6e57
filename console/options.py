"""How options are read: lists, days, moments, spans."""

import re
from datetime import UTC, date, datetime, timedelta

import click

from mailing.base.languages import LANGUAGES

Given = click.Context | None

_SPAN = re.compile(r"(\d{1,4})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}


def listed(context: Given, option: object, text: str | None) -> tuple[str, ...] | None:
    """`a,b` as a tuple without blanks; None where nothing was said."""
    if text is None:
        return None
    return tuple(part.strip() for part in text.split(",") if part.strip())


def day(context: Given, option: object, text: str | None) -> date | None:
    """A day as YYYY-MM-DD. Raises BadParameter for anything else."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a day like 2024-10-01") from None


def moment(context: Given, option: object, text: str | None) -> datetime | None:
    """A moment as RFC 3339; without an offset it counts as UTC. Raises BadParameter."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a time like 2024-10-01T09:00:00Z") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def pairs(context: Given, option: object, texts: tuple[str, ...]) -> dict[str, str]:
    """`theirs=ours`, repeated, as a mapping. Raises BadParameter without an equals sign."""
    read = dict(text.partition("=")[::2] for text in texts)
    if not all(theirs and ours for theirs, ours in read.items()):
        raise click.BadParameter("write theirs=ours, as in --map E-Mail=email")
    return read


def span(context: Given, option: object, text: str | None) -> timedelta | None:
    """`3d`, `12h` or `2w` as a time. Raises BadParameter for anything else."""
    if text is None:
        return None
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise click.BadParameter(f"{text!r} is not a time like 3d, 12h or 2w")
    return timedelta(hours=int(found[1]) * _HOURS[found[2]])


def by_language(context: Given, option: object, texts: tuple[str, ...]) -> dict[str, str]:
    """`ky=text`, repeated, as a mapping. Raises BadParameter for a language that we lack."""
    read = {tongue: said for tongue, _, said in (text.partition("=") for text in texts)}
    if not all("=" in text for text in texts) or set(read) - set(LANGUAGES):
        raise click.BadParameter(f"write LANGUAGE=TEXT; there are {', '.join(LANGUAGES)}")
    return read
