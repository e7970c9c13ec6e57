"""`kelisim policy`: the published versions of the policy."""

from datetime import date
from pathlib import Path
from typing import Any, TypedDict, Unpack

import click
from sqlalchemy import select

from console.frame import actor, verb
from console.options import day, listed
from console.output import Answer, table
from mailing.base.database import db as database
from mailing.base.languages import LANGUAGES
from mailing.campaigns import notices
from mailing.policies import versions
from mailing.policies.versions import NewText, PolicyVersion
from mailing.staff import audit

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Told(TypedDict):
    """What the options of `policy import` say about the version, as `NewText` names it."""

    language: str
    effective_on: date
    label: str | None
    material: bool
    purposes: tuple[str, ...] | None
    fields: tuple[str, ...] | None


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
@verb
def import_(file: Path, at_once: bool, **told: Unpack[Told]) -> Answer:
    """Take FILE, byte for byte, as one language's text of a policy version."""
    text = versions.import_text(file.read_bytes(), NewText(**told))
    audit.record(actor(), "policy imported", f"policy {text.policy_id}", sha256=text.sha256)
    found = versions.find(text.policy_id)
    notice = _publish(found) if at_once else None
    told_back = {"id": text.policy_id, "sha256": text.sha256, "language": text.language}
    document = {**told_back, "version": found.label, "notice": notice}
    return Answer(document, f"Policy {found.id}, SHA-256 {text.sha256}.{_drafted(notice)}")


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
