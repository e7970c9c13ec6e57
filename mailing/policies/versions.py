"""Policy versions: the exact published text, hashed and never edited.

One version is one id with up to three language texts. It declares the purposes that topics may
serve (policy 4.1) and the closed list of fields that may be kept (policy 3.1 to 3.3).
"""

import re
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    DateTime,
    Text,
    UniqueConstraint,
    false,
    func,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.base.operator import known
from mailing.base.settings import current as settings
from mailing.policies import marks
from mailing.policies.marks import Marks as Marks
from mailing.policies.newtext import NOTICES as NOTICES
from mailing.policies.newtext import NewText as NewText
from mailing.policies.texts import PolicyText, by_hash, demand_text, hash_of, keep, of_version

PURPOSES = ("products_services", "special_offers", "events")
FIELDS = ("email", "phone", "surname", "given_name", "patronymic")


class PolicyVersion(Table):
    """What a consent points at. Once it is published nothing of it changes any more."""

    __tablename__ = "policy_versions"
    __table_args__ = (UniqueConstraint("label", name="policy_label_is_unique"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=OPERATIONAL)
    label: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    effective_on: Mapped[date] = mapped_column(info=OPERATIONAL)
    material: Mapped[bool] = mapped_column(server_default=false(), info=OPERATIONAL)
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text), info=OPERATIONAL)
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text), info=OPERATIONAL)
    operator: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    mailbox: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    marks: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), info=OPERATIONAL
    )
    summaries: Mapped[dict[str, str]] = mapped_column(
        JSONB, server_default=text("'{}'"), info=OPERATIONAL
    )
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info=OPERATIONAL
    )

    def takes_effect(self, zone: ZoneInfo) -> datetime:
        """The first moment of `effective_on` where the operator is."""
        return datetime.combine(self.effective_on, time.min, zone)

    @property
    def declared_marks(self) -> Marks:
        """The marks by which a letter withdraws or rectifies under this version."""
        return marks.of_stored(self.marks)

    @property
    def declared_mailbox(self) -> str:
        """Where such a letter goes: what the version declares, else what the settings say."""
        return self.mailbox or settings().helpdesk_address

    @property
    def declared_operator(self) -> str:
        """Who declares it; a version from before this was kept speaks for the settings'."""
        return self.operator or known(settings()).name


def import_text(content: bytes, new: NewText) -> PolicyText:
    """Keep a policy's exact bytes as one language of a version; the same again changes nothing.

    Raises `Invalid` for bytes that are no UTF-8 text and for names that cannot be; `Conflict`
    where it contradicts what is already kept.
    """
    demand_text(content)
    new = new.checked()
    hold()
    kept = by_hash(hash_of(content))
    if kept is not None:
        return _same_again(kept, new)
    return _keep(content, new)


def hold() -> None:
    """Let nobody else begin, add to or publish a version until the commit; reading goes on."""
    db.session.execute(text("LOCK TABLE policy_versions IN SHARE ROW EXCLUSIVE MODE"))


def publish(policy: PolicyVersion) -> PolicyVersion:
    """Make the version public from now on; again changes nothing. `Invalid` without any text."""
    if not texts(policy):
        raise Invalid("This policy version has no text yet; import one, then publish it.")
    if policy.published_at is None:
        policy.published_at = clock.now()
        db.session.flush()
    return policy


def in_force(day: date | None = None) -> PolicyVersion | None:
    """The published version in force on that day, else today where the operator is: the latest
    effective, then the latest kept."""
    today = day or clock.today(settings().time_zone)
    return db.session.scalar(
        select(PolicyVersion)
        .where(PolicyVersion.published_at.is_not(None), PolicyVersion.effective_on <= today)
        .order_by(PolicyVersion.effective_on.desc(), PolicyVersion.id.desc())
        .limit(1)
    )


def next_after(today: date) -> PolicyVersion | None:
    """The published version that takes effect next."""
    return db.session.scalar(
        select(PolicyVersion)
        .where(PolicyVersion.published_at.is_not(None), PolicyVersion.effective_on > today)
        .order_by(PolicyVersion.effective_on, PolicyVersion.id.desc())
        .limit(1)
    )


def before(policy: PolicyVersion) -> PolicyVersion | None:
    """The published version that this one follows, or would follow once it is published."""
    return db.session.scalar(
        select(PolicyVersion)
        .where(PolicyVersion.published_at.is_not(None), PolicyVersion.id != policy.id)
        .where(
            tuple_(PolicyVersion.effective_on, PolicyVersion.id)
            < tuple_(literal(policy.effective_on), literal(policy.id))
        )
        .order_by(PolicyVersion.effective_on.desc(), PolicyVersion.id.desc())
        .limit(1)
    )


def all_versions() -> list[PolicyVersion]:
    """Every version, published or not, in the order they were begun."""
    return list(db.session.scalars(select(PolicyVersion).order_by(PolicyVersion.id)))


def published() -> list[PolicyVersion]:
    """Every published version, the newest first."""
    return list(
        db.session.scalars(
            select(PolicyVersion)
            .where(PolicyVersion.published_at.is_not(None))
            .order_by(PolicyVersion.effective_on.desc(), PolicyVersion.id.desc())
        )
    )


def find(ref: int | str) -> PolicyVersion:
    """The version that an id, the SHA-256 of one of its texts, or a label names.

    Raises `Missing` where it names none.
    """
    version = _by_id(ref) or _by_text(str(ref)) or _by_label(str(ref))
    if version is None:
        raise Missing("There is no such policy version; name its id, its label or a SHA-256.")
    return version


def has_label(label: str) -> bool:
    """Whether a version bears this label."""
    return _by_label(label) is not None


def texts(policy: PolicyVersion) -> list[PolicyText]:
    """Its texts, in the order of LANGUAGES."""
    return of_version(policy.id)


def text_in(policy: PolicyVersion, language: str) -> PolicyText:
    """Its text in that language, else in the first of LANGUAGES that it has.

    Raises `Missing` for a version without any text.
    """
    found = texts(policy)
    if not found:
        raise Missing("This policy version has no text yet.")
    return next((one for one in found if one.language == language), found[0])


def declared_purposes() -> set[str]:
    """Every purpose that any version declares."""
    return set(db.session.scalars(select(func.unnest(PolicyVersion.purposes)).distinct()))


def _same_again(kept: PolicyText, new: NewText) -> PolicyText:
    version = db.session.get_one(PolicyVersion, kept.policy_id)
    if kept.language != new.language:
        raise Conflict(f"These very bytes are already the {kept.language} text of {version.label}.")
    if new.label not in (None, version.label):
        raise Conflict(
            f"These very bytes are version {version.label}; another version needs another text."
        )
    if kept.format != new.format:
        raise Conflict(f"These very bytes are kept as {kept.format} in version {version.label}.")
    _agree(version, new)
    return kept


def _keep(content: bytes, new: NewText) -> PolicyText:
    version = _by_label(new.label) if new.label else None
    if version is None:
        version = _begin(new)
    else:
        _agree(version, new)
        _demand_free(version, new.language)
    return keep(version.id, new.language, content, new.format)


def _begin(new: NewText) -> PolicyVersion:
    version = PolicyVersion(
        label=new.label or _free_label(new.effective_on),
        effective_on=new.effective_on,
        material=new.material,
        purposes=list(new.purposes or PURPOSES),
        fields=list(new.fields or FIELDS),
        operator=new.operator or known(settings()).name or None,
        mailbox=new.mailbox or settings().helpdesk_address,
        marks=(new.marks or Marks()).stored(),
        summaries={},
    )
    db.session.add(version)
    db.session.flush()
    return version


def _free_label(day: date) -> str:
    label, number = day.isoformat(), 1
    while _by_label(label) is not None:
        number += 1
        label = f"{day.isoformat()}-{number}"
    return label


def _agree(version: PolicyVersion, new: NewText) -> None:
    """Refuse what contradicts the version; until it is published it may still become material."""
    if version.effective_on != new.effective_on:
        raise Conflict(f"Version {version.label} takes effect on {version.effective_on}.")
    if new.purposes is not None and set(new.purposes) != set(version.purposes):
        raise Conflict(f"Version {version.label} declares {', '.join(version.purposes)}.")
    if new.fields is not None and set(new.fields) != set(version.fields):
        raise Conflict(f"Version {version.label} declares {', '.join(version.fields)}.")
    _agree_on_the_declarer(version, new)
    if new.material and not version.material:
        _become_material(version)


def _agree_on_the_declarer(version: PolicyVersion, new: NewText) -> None:
    if new.operator not in (None, version.operator):
        raise Conflict(f"Version {version.label} declares the operator {version.operator}.")
    if new.mailbox not in (None, version.mailbox):
        raise Conflict(f"Version {version.label} declares the mailbox {version.mailbox}.")
    if new.marks is not None and new.marks != version.declared_marks:
        raise Conflict(f"Version {version.label} declares other subject marks.")


def _become_material(version: PolicyVersion) -> None:
    if version.published_at is not None:
        raise Conflict(f"Version {version.label} was published as not material.")
    version.material = True
    db.session.flush()


def _demand_free(version: PolicyVersion, language: str) -> None:
    if db.session.get(PolicyText, (version.id, language)) is not None:
        raise Conflict(
            f"Version {version.label} has another {language} text, and a text is never edited;"
            " import the new one as a version of its own."
        )


def _by_text(ref: str) -> PolicyVersion | None:
    kept = by_hash(ref.lower())
    return None if kept is None else db.session.get(PolicyVersion, kept.policy_id)


def _by_id(ref: int | str) -> PolicyVersion | None:
    written = str(ref)
    if not re.fullmatch(r"[0-9]{1,9}", written):
        return None
    return db.session.get(PolicyVersion, int(written))


def _by_label(label: str) -> PolicyVersion | None:
    return db.session.scalar(select(PolicyVersion).where(PolicyVersion.label == label))
