"""Policy texts: the very bytes of one version in one language, named by their SHA-256."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGE_IS_A_TAG, LANGUAGES

LARGEST = 512 * 1024  # octets; a policy of that size is a book


class Format(StrEnum):
    """How the operator wrote the text: as it stands, or in Markdown."""

    TEXT = "text"
    MARKDOWN = "markdown"


class PolicyText(Table):
    """The bytes of one version in one language. The database refuses to change or delete them."""

    __tablename__ = "policy_texts"
    __table_args__ = (
        UniqueConstraint("sha256", name="policy_text_is_unique"),
        CheckConstraint(LANGUAGE_IS_A_TAG, name="policy_language_is_known"),
        CheckConstraint("format IN ('text', 'markdown')", name="policy_format_is_known"),
    )

    policy_id: Mapped[int] = mapped_column(
        ForeignKey("policy_versions.id"), primary_key=True, info=OPERATIONAL
    )
    language: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    content: Mapped[bytes] = mapped_column(info=OPERATIONAL)
    sha256: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    format: Mapped[str] = mapped_column(Text, server_default=text("'text'"), info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), info=OPERATIONAL
    )

    @property
    def words(self) -> str:
        """The text without a byte order mark, to be read; what is hashed are the bytes."""
        return self.content.decode("utf-8").removeprefix("\ufeff")


def keep(policy_id: int, language: str, content: bytes, written: str) -> PolicyText:
    """Keep the bytes as the version's text in that language; `written` is a `Format`."""
    kept = PolicyText(
        policy_id=policy_id,
        language=language,
        content=content,
        sha256=hash_of(content),
        format=written,
    )
    db.session.add(kept)
    db.session.flush()
    return kept


def by_hash(digest: str) -> PolicyText | None:
    """The text with that SHA-256 (hex, small letters)."""
    return db.session.scalar(select(PolicyText).where(PolicyText.sha256 == digest))


def of_version(policy_id: int) -> list[PolicyText]:
    """The texts of one version, in the order of LANGUAGES."""
    found = db.session.scalars(select(PolicyText).where(PolicyText.policy_id == policy_id))
    return sorted(found, key=lambda one: LANGUAGES.index(one.language))


def hash_of(content: bytes) -> str:
    """The SHA-256 (hex) by which a text is named, here and in evidence."""
    return sha256(content).hexdigest()


def demand_text(content: bytes) -> None:
    """Raises `Invalid` unless the bytes are UTF-8 text, not too long, with something in it."""
    if len(content) > LARGEST:
        raise Invalid(f"The policy's text has more than {LARGEST // 1024} KiB; shorten it.", "text")
    try:
        decoded = content.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid(
            "The policy's text is not UTF-8; save it as UTF-8 and try again.", "text"
        ) from None
    if "\0" in decoded:
        raise Invalid(
            "The policy's text holds NUL bytes; give the plain text, not a document.", "text"
        )
    if not decoded.strip("\ufeff \t\r\n"):
        raise Invalid("The policy's text is empty; give the file that holds it.", "text")
