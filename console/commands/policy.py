"""`kelisim policy`: the published versions of the policy."""

from datetime import date
from pathlib import Path
from typing import Any, TypedDict, Unpack

import click
from sqlalchemy import select

from console.frame import actor, verb
from console.options import day, listed
from console.output import Answer, plain, table
from mailing.base.database import db as database
from mailing.base.languages import LANGUAGES, SOURCE, speaking
from mailing.campaigns import notices
from mailing.people import coverage
from mailing.policies import summaries, versions
from mailing.policies.findings import Finding
from mailing.policies.marks import Marks
from mailing.policies.review import review, review_of, sentence
from mailing.policies.texts import LARGEST, Format
from mailing.policies.versions import NewText, PolicyVersion
from mailing.staff import audit

MARKDOWN = (".md", ".markdown")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Told(TypedDict):
    """What the options of `policy import` say about the version, as `NewText` names it."""

    language: str
    effective_on: date
    label: str | None
    material: bool
    purposes: tuple[str, ...] | None
    fields: tuple[str, ...] | None
    operator: str | None
    mailbox: str | None


@click.group()
def policy() -> None:
    """The published versions of the policy."""


@policy.command("import")
@click.argument("file", type=FILE)
@click.option("--language", type=click.Choice(LANGUAGES), required=True)
@click.option("--effective", "effective_on", callback=day, required=True, help="2024-10-01")
@click.option("--version", "label", help="The version's label; further languages join by it.")
@click.option("--material", is_flag=True, help="A significant change: publishing drafts a notice.")
@click.option("--publish", "at_once", is_flag=True, help="Publish the version, too.")
@click.option("--purposes", callback=listed, help="Declared purposes: a,b")
@click.option("--fields", callback=listed, help="Declared fields: a,b")
@click.option("--operator", help="Who declares it; by default the settings' operator.")
@click.option("--mailbox", help="Where letters go; by default the settings' helpdesk.")
@click.option("--withdrawal-mark", "withdrawal", multiple=True, help="May repeat.")
@click.option("--rectification-mark", "rectification", multiple=True, help="May repeat.")
@click.option("--format", "written", type=click.Choice(list(Format)), help="By default the file's.")
@verb
def import_(
    file: Path,
    at_once: bool,
    withdrawal: tuple[str, ...],
    rectification: tuple[str, ...],
    written: str | None,
    **told: Unpack[Told],
) -> Answer:
    """Take FILE, byte for byte, as one language's text of a policy version."""
    new = NewText(
        **told,
        format=written or (Format.MARKDOWN if file.suffix in MARKDOWN else Format.TEXT),
        marks=_marks(withdrawal, rectification),
    )
    text = versions.import_text(_bytes(file), new)
    audit.record(actor(), "policy imported", f"policy {text.policy_id}", sha256=text.sha256)
    found = versions.find(text.policy_id)
    notices.complete(found, actor())
    notice = _publish(found) if at_once else None
    told_back = {"id": text.policy_id, "sha256": text.sha256, "language": text.language}
    seen = _told(review_of(found, text.language))
    document = {**told_back, "version": found.label, "notice": notice, "findings": seen}
    said = f"Policy {found.id}, SHA-256 {text.sha256}.{_drafted(notice)}"
    return Answer(document, "\n".join([said, *_lines(seen)]))


@policy.command()
@click.argument("id")
@verb
def show(id: str) -> Answer:
    """Show a version: what it declares, what was found in its texts, whose yes covers it."""
    found = versions.find(id)
    shown = _shown(found) | {
        "operator": found.declared_operator,
        "mailbox": found.declared_mailbox,
        "marks": found.declared_marks.stored(),
        "summaries": found.summaries,
        "coverage": coverage.of(found),
        "findings": _told(review(found)),
    }
    return Answer(shown)


@policy.command()
@click.argument("id")
@click.option("--language", type=click.Choice(LANGUAGES), required=True)
@click.option("--text", required=True, help="Markdown; empty takes the summary back.")
@verb
def summarise(id: str, language: str, text: str) -> Answer:
    """Say in your own words what a version changes: for its notice and the page that asks."""
    found = versions.find(id)
    summaries.summarise(found, {language: text})
    audit.record(actor(), "policy summarised", f"policy {found.id}", language=language)
    return Answer({"id": found.id, "summaries": found.summaries}, "Kept.")


@policy.command()
@click.argument("id")
@verb
def publish(id: str) -> Answer:
    """Publish a version; a material one drafts its notice."""
    found = versions.find(id)
    notice = _publish(found)
    return Answer({"id": found.id, "notice": notice}, f"Published.{_drafted(notice)}")


@policy.command("list")
@verb
def list_() -> Answer:
    """List the versions, published or not."""
    shown = [_shown(one) for one in _every()]
    rows = [[row["id"], row["version"], row["effective"], row["published_at"]] for row in shown]
    return Answer(shown, table(rows, ("id", "version", "effective", "published")))


def _bytes(file: Path) -> bytes:
    """The file, and no more of it than shows that it is too long."""
    with file.open("rb") as opened:
        return opened.read(LARGEST + 1)


def _marks(withdrawal: tuple[str, ...], rectification: tuple[str, ...]) -> Marks | None:
    if not withdrawal and not rectification:
        return None
    built_in = Marks()
    return Marks(withdrawal or built_in.withdrawal, rectification or built_in.rectification)


def _told(findings: list[Finding]) -> list[dict[str, str]]:
    """Each with its sentence; the command line speaks English."""
    with speaking(SOURCE):
        return [plain(one) | {"sentence": sentence(one)} for one in findings]


def _lines(seen: list[dict[str, str]]) -> list[str]:
    return [f"  {one['language']}: {one['sentence']}" for one in seen]


def _every() -> list[PolicyVersion]:
    return list(database.session.scalars(select(PolicyVersion).order_by(PolicyVersion.id)))


def _publish(policy: PolicyVersion) -> int | None:
    notice = notices.publish(policy, actor())
    return notice.id if notice else None


def _drafted(notice: int | None) -> str:
    return f" Its notice is drafted as campaign {notice}." if notice else ""


def _shown(policy: PolicyVersion) -> dict[str, Any]:
    return {
        "id": policy.id,
        "version": policy.label,
        "effective": policy.effective_on,
        "material": policy.material,
        "published_at": policy.published_at,
        "purposes": list(policy.purposes),
        "fields": list(policy.fields),
        "texts": {text.language: text.sha256 for text in versions.texts(policy)},
    }
