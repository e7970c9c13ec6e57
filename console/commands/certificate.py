"""`kelisim certificate`: what was destroyed, and whether its certificate is sound."""

from pathlib import Path

import click

from console.destroying_view import certified
from console.frame import verb
from console.output import Answer, write_new
from mailing.base.errors import Invalid
from mailing.requests import certificates, verifying
from mailing.requests.verifying import Verdict

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
LARGEST = 1 << 20


@click.group()
def certificate() -> None:
    """Certificates of destruction."""


@certificate.command()
@click.argument("number")
@click.option("--out", type=click.Path(path_type=Path), help="Write it to this new file, too.")
@verb
def show(number: str, out: Path | None) -> Answer:
    """Show one certificate by its number."""
    found = certificates.find(number)
    if out is not None:
        write_new(out, verifying.render(found))
    return Answer(found.document, certified(found))


@certificate.command()
@click.argument("number")
@click.option("--file", type=FILE, help="Check this file instead of what is kept here.")
@verb
def verify(number: str, file: Path | None) -> Answer:
    """Check a certificate: its octets, signature and place in the chain; exit 1 says what is wrong.

    What is kept here is compared with the ledger, too, and the person's rows are counted again.
    """
    verdict = verifying.shown(number, _text(file)) if file else verifying.stored(number)
    document = {
        "number": number,
        "ok": verdict.is_sound,
        "trouble": list(verdict.trouble),
        "kept_here": verdict.is_kept,
        "rows_found_now": verdict.found_now,
    }
    return Answer(document, _sentence(verdict), 0 if verdict.is_sound else 1)


def _text(file: Path) -> str:
    if file.stat().st_size > LARGEST:
        raise Invalid(f"{file.name} is too large for a certificate.", "file")
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _sentence(verdict: Verdict) -> str:
    if not verdict.is_sound:
        return f"{verdict.number} is not sound: {'; '.join(verdict.trouble)}."
    where = "" if verdict.is_kept else " It is not kept in this database (a backup was restored?)."
    now = "" if verdict.found_now is None else f" Rows found now: {verdict.found_now}."
    return f"{verdict.number} is sound.{now}{where}"
