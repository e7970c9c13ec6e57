"""The registers as documents: processing, the year, the terms; on the screen, on paper, as data."""

import json
from dataclasses import asdict
from typing import Any

from flask import Response, render_template, request

from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.base.languages import LANGUAGES
from mailing.base.sheets import sheet
from mailing.requests import terms, wordings
from mailing.requests.registers import breaches, processing, year
from mailing.staff import audit
from mailing.staff.permissions import Act
from webapp.studio.attached import attached
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor


@studio.get("/registers")
@needs(Act.KEEP_REGISTERS)
def request_registers() -> str:
    return render_template("pages/studio/registers.html", years=year.years())


@studio.get("/registers/processing")
@needs(Act.KEEP_REGISTERS)
def request_processing() -> str:
    return render_template("pages/studio/processing.html", told=processing.register())


@studio.get("/registers/terms")
@needs(Act.KEEP_REGISTERS)
def request_terms() -> str:
    return render_template(
        "pages/studio/terms.html",
        terms=terms.everything(),
        calendar=[(one, terms.holidays(one)) for one in terms.calendar()],
    )


@studio.get("/registers/templates")
@needs(Act.KEEP_REGISTERS)
def request_templates() -> str:
    """What our answers say, in each language side by side."""
    slugs = [*wordings.slugs(), *sorted(wordings.BY_A_VERB)]
    told = {one: [wordings.newest(one, tongue) for tongue in LANGUAGES] for one in slugs}
    return render_template("pages/studio/templates.html", told=told, by_a_verb=wordings.BY_A_VERB)


@studio.get("/registers/year")
@needs(Act.KEEP_REGISTERS)
def request_year() -> str:
    asked = _asked_year()
    told = year.report(asked, breaches.of_year(asked))
    return render_template("pages/studio/year.html", told=told, years=year.years())


@studio.post("/registers/take/<name>")
@needs(Act.KEEP_REGISTERS)
def request_take(name: str) -> Response:
    """A register as a file. That it was taken stands in the log."""
    if name not in _FILES:
        raise Missing(f"There is no register {name}.")
    asked = _asked_year()
    words, mimetype = _FILES[name](asked)
    about = {"year": asked} if name.startswith("year") else {}
    audit.record(actor(), "register taken", f"register {name}", **about)
    db.session.commit()
    return _file(words, mimetype, f"{name}-{asked}" if about else name)


def _asked_year() -> int:
    return request.values.get("year", type=int) or year.this_year()


def _processing(_year: int) -> tuple[str, str]:
    return _json(asdict(processing.register())), "application/json"


def _incidents(_year: int) -> tuple[str, str]:
    return _json(breaches.register()), "application/json"


def _year_json(asked: int) -> tuple[str, str]:
    return _json(asdict(year.report(asked, breaches.of_year(asked)))), "application/json"


def _year_csv(asked: int) -> tuple[str, str]:
    told = year.report(asked, breaches.of_year(asked))
    return sheet(year.HEADS, year.as_rows(told)), "text/csv"


_FILES = {
    "processing": _processing,
    "incidents": _incidents,
    "year": _year_json,
    "year-sheet": _year_csv,
}


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, indent=2, default=_plain) + "\n"


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _file(words: str, mimetype: str, name: str) -> Response:
    ending = "csv" if mimetype == "text/csv" else "json"
    return attached(words, mimetype, f"{name}.{ending}")
