"""The files of a bundle: for people (README, a page to print, sheets) and for programs."""

import json
from datetime import date
from typing import Any
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from mailing.base import languages
from mailing.base.languages import LANGUAGES, gettext, speaking
from mailing.base.settings import ROOT, current
from mailing.base.sheets import sheet
from mailing.requests.bundles import rows
from mailing.requests.bundles.contents import Contents
from mailing.requests.bundles.schema import schema

Files = dict[str, bytes]

_PAGES = Environment(
    loader=FileSystemLoader(ROOT / "templates" / "bundle"),
    autoescape=select_autoescape(["html"], default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
languages.install(_PAGES)


def of(contents: Contents) -> Files:
    """Every file of the bundle but its manifest, by name."""
    document = contents.document()
    return {
        "README.txt": _readme(contents),
        "data.html": page(contents),
        "data.json": _json(document),
        "schema.json": _json(schema(document)),
        "consents.json": _json(contents.consents),
        "messages.json": _json(contents.messages),
        **_sheets(contents),
        **contents.mails,
        **contents.letters,
    }


def page(contents: Contents) -> bytes:
    """All of it to read and to print, in the person's language."""
    with speaking(contents.subscriber.language):
        shown = _PAGES.get_template("data.html").render(
            document=contents.document(),
            tables=contents.tables,
            cell=_cell,
            in_words=gettext,
            **_frame(contents),
        )
    return shown.encode()


def _readme(contents: Contents) -> bytes:
    """What lies in the file, in each language one below the other."""
    said = []
    for language in LANGUAGES:
        with speaking(language):
            said.append(_PAGES.get_template("readme.txt").render(**_frame(contents)))
    return "\n\n".join(said).replace("\n", "\r\n").encode("utf-8-sig")


def _frame(contents: Contents) -> dict[str, Any]:
    settings = current()
    return {
        "made_at": contents.made_at,
        "zone": settings.time_zone,
        "operator": settings.operator_name or "",
        "address": settings.operator_address or "",
        "contact": settings.helpdesk_address,
    }


def _sheets(contents: Contents) -> Files:
    """A sheet for each table with something in it."""
    return {
        f"tables/{table}.csv": sheet(
            rows.heads(table),
            ([_cell(value) for value in one.values.values()] for one in kept),
        ).encode()
        for table, kept in contents.tables.items()
        if kept
    }


def _cell(value: Any) -> str:
    """A value in one cell; what has parts, as JSON."""
    if value is None:
        return ""
    return _spelt(value) if isinstance(value, (dict, list)) else _plain(value)


def _json(document: Any) -> bytes:
    return (_spelt(document, indent=1) + "\n").encode()


def _spelt(document: Any, indent: int | None = None) -> str:
    return json.dumps(document, ensure_ascii=False, default=_plain, indent=indent)


def _plain(value: Any) -> str:
    """A time as RFC 3339 writes it; anything else by its name."""
    if isinstance(value, (date, UUID)):
        return value.isoformat() if isinstance(value, date) else str(value)
    return str(value)
