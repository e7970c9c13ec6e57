"""What somebody has typed about a policy version, right or wrong, and how it is kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from werkzeug.datastructures import FileStorage

from mailing.base.errors import Conflict, Invalid
from mailing.base.languages import LANGUAGES, gettext
from mailing.base.operator import shown
from mailing.base.settings import current
from mailing.policies import summaries, versions
from mailing.policies.marks import Marks
from mailing.policies.newtext import NewText
from mailing.policies.texts import LARGEST, Format
from mailing.policies.versions import FIELDS, PURPOSES, PolicyVersion
from mailing.staff.audit import Actor, record

DECLARED = (
    "label",
    "effective",
    "purposes",
    "fields",
    "operator",
    "mailbox",
    "withdrawal_marks",
    "rectification_marks",
)


@dataclass
class Typed:
    """The form: values and errors by the name of the field, and the bytes of each language."""

    values: dict[str, str]
    contents: dict[str, bytes] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def said(self, name: str) -> str:
        return self.values.get(name, "").strip()


def blank() -> Typed:
    """The form as it is first shown: what a version declares unless told otherwise."""
    built_in = Marks()
    return Typed(
        {
            "purposes": ", ".join(PURPOSES),
            "fields": ", ".join(FIELDS),
            "operator": shown().name,
            "mailbox": current().helpdesk_address,
            "withdrawal_marks": "\n".join(built_in.withdrawal),
            "rectification_marks": "\n".join(built_in.rectification),
        }
    )


def of_version(policy: PolicyVersion) -> Typed:
    """The form to add to a version: what it declares stands, summaries may be rewritten."""
    return Typed({f"{tongue}-summary": said for tongue, said in policy.summaries.items()})


def typed(form: Mapping[str, str], files: Mapping[str, FileStorage]) -> Typed:
    """Read the posted form. An upload counts byte for byte; a browser sends what is typed with
    CRLF, and we keep LF."""
    read = Typed({name: value for name, value in form.items() if name != "csrf_token"})
    for tongue in LANGUAGES:
        uploaded = files.get(f"{tongue}-file")
        written = form.get(f"{tongue}-text", "").replace("\r\n", "\n")
        if uploaded is not None and uploaded.filename:
            read.contents[tongue] = uploaded.stream.read(LARGEST + 1)
        elif written.strip():
            read.contents[tongue] = written.encode("utf-8", "replace")
    return read


def keep(read: Typed, policy: PolicyVersion | None, actor: Actor) -> PolicyVersion | None:
    """Begin a version or add to one; None where something was refused (see the errors)."""
    versions.hold()
    if policy is None:
        _demand_a_beginning(read)
    day = policy.effective_on if policy else _day(read)
    for tongue, content in read.contents.items() if day and not read.errors else ():
        try:
            new = _new(read, tongue, policy, day or date.min)
            policy = _keep_one(content, new, actor)
        except (Invalid, Conflict) as refusal:
            _blame(read, tongue, refusal)
    if policy is not None and not read.errors:
        _summarise(read, policy)
    return None if read.errors else policy


def _demand_a_beginning(read: Typed) -> None:
    if versions.has_label(read.said("label")):
        read.errors["label"] = gettext("There is a version of this name; open it to add to it.")
    if not read.contents:
        read.errors["kk-text"] = gettext("Give the text in one language at least.")


def _keep_one(content: bytes, new: NewText, actor: Actor) -> PolicyVersion:
    kept = versions.import_text(content, new)
    record(actor, "policy imported", f"policy {kept.policy_id}", sha256=kept.sha256)
    return versions.find(kept.policy_id)


def _new(read: Typed, tongue: str, policy: PolicyVersion | None, day: date) -> NewText:
    written = read.said(f"{tongue}-format") or Format.TEXT.value
    if policy is not None:
        return NewText(tongue, policy.effective_on, policy.label, format=written)
    return NewText(
        language=tongue,
        effective_on=day,
        label=read.said("label") or None,
        material="material" in read.values,
        purposes=_listed(read.said("purposes")),
        fields=_listed(read.said("fields")),
        format=written,
        operator=read.said("operator") or None,
        mailbox=read.said("mailbox") or None,
        marks=Marks(_lines(read, "withdrawal_marks"), _lines(read, "rectification_marks")),
    )


def _summarise(read: Typed, policy: PolicyVersion) -> None:
    named = {tongue: f"{tongue}-summary" for tongue in LANGUAGES}
    given = {tongue: read.values[name] for tongue, name in named.items() if name in read.values}
    if policy.published_at is not None:
        return
    try:
        summaries.summarise(policy, given)
    except (Invalid, Conflict) as refusal:
        read.errors[getattr(refusal, "field", None) or "kk-summary"] = refusal.message


def _blame(read: Typed, tongue: str, refusal: Invalid | Conflict) -> None:
    field = getattr(refusal, "field", None)
    name = field if field in DECLARED else f"{tongue}-text"
    read.errors.setdefault(name, refusal.message)


def _day(read: Typed) -> date | None:
    try:
        return date.fromisoformat(read.said("effective"))
    except ValueError:
        read.errors["effective"] = gettext("Enter the day as 2026-12-31.")
        return None


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.replace("\n", ",").split(",") if part.strip())


def _lines(read: Typed, name: str) -> tuple[str, ...]:
    return tuple(_stripped(read.values.get(name, "")))


def _stripped(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())
