"""This installation: its keys' check values, and the switch that lets anything leave."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, SmallInteger, Text, event, func, select, text, update
from sqlalchemy.dialects.postgresql import TIMESTAMP, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailing.base.database import OPERATIONAL, Table, db
from mailing.base.errors import ConfigurationError, NotReady
from mailing.base.sealing import check_value, fingerprint
from mailing.base.settings import Settings, current
from mailing.base.signing import signing_keys
from mailing.base.version import head, version

At = TIMESTAMP(timezone=True)
_NOTED = "data key noted"


class Installation(Table):
    """One row: who this installation is, and whether anything may leave."""

    __tablename__ = "installation"
    __table_args__ = (
        CheckConstraint("id = 1", name="installation_is_one_row"),
        CheckConstraint(
            "(operator_name IS NULL) = (operator_bin IS NULL) "
            "AND (operator_name IS NULL) = (operator_address IS NULL)",
            name="operator_is_named_in_full",
        ),
    )

    id: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, server_default=text("1"), info=OPERATIONAL
    )
    installation_id: Mapped[UUID] = mapped_column(
        server_default=text("gen_random_uuid()"), info=OPERATIONAL
    )
    sending_on: Mapped[bool] = mapped_column(server_default=text("true"), info=OPERATIONAL)
    sending_off_reason: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    suppression_key_check: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(At, server_default=func.now(), info=OPERATIONAL)
    # Who writes, once the studio holds it: a company's name, not a person's data.
    operator_name: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    operator_bin: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    operator_address: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    second_factor_demanded: Mapped[bool] = mapped_column(
        server_default=text("false"), info=OPERATIONAL
    )
    clicks_counted: Mapped[bool] = mapped_column(server_default=text("false"), info=OPERATIONAL)


class DataKeyCheck(Table):
    """The fingerprint of a data key that has sealed something here."""

    __tablename__ = "data_key_checks"

    fingerprint: Mapped[str] = mapped_column(Text, primary_key=True, info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(At, server_default=func.now(), info=OPERATIONAL)


def here() -> Installation:
    """The row of this installation."""
    fresh = select(Installation).execution_options(populate_existing=True)
    return db.session.execute(fresh).scalar_one()


def switch_sending(on: bool, reason: str | None = None) -> None:
    """Let messages leave, or stop every one of them and keep the reason for who asks."""
    row = here()
    row.sending_on, row.sending_off_reason = on, None if on else reason


def check_keys() -> None:
    """Compare the keys with what the database knows; the first start writes it down.

    A wrong key would silently forget every "no", so it stops the start: ConfigurationError. So
    does a key that is to sign messages and cannot.
    """
    settings = current()
    signing_keys(settings)
    if not is_current_schema():
        raise NotReady("The database is not at this version: run `kelisim db upgrade` first.")
    _check_suppression_key(settings)
    _check_data_keys(settings)


def note_data_key() -> None:
    """Write down, with what is about to be sealed, which key seals it; once in a session.

    A key that is only tried out leaves no trace: what was never sealed needs no key.
    """
    mark = fingerprint(current().data_key[0]).hex()
    if db.session.info.get(_NOTED) != mark:
        newest = insert(DataKeyCheck).values(fingerprint=mark)
        db.session.execute(newest.on_conflict_do_nothing())
        db.session.info[_NOTED] = mark


@event.listens_for(Session, "after_rollback")
def _forget_the_note(session: Session) -> None:
    session.info.pop(_NOTED, None)


def is_current_schema() -> bool:
    """Whether the database is migrated to what this code knows."""
    return version(db.session.connection()) == head()


def _check_suppression_key(settings: Settings) -> None:
    ours = check_value(settings.suppression_key)
    if _kept_check(ours) != ours:
        raise ConfigurationError(
            "KELISIM_SUPPRESSION_KEY is not the key of this database: with another key every "
            "unsubscribe and suppression would be forgotten. Put back the one it was made with."
        )


def _kept_check(ours: str) -> str | None:
    """The check value that the database keeps: ours, where we are the first to ask."""
    unset = Installation.suppression_key_check.is_(None)
    db.session.execute(update(Installation).where(unset).values(suppression_key_check=ours))
    return db.session.scalars(select(Installation.suppression_key_check)).one()


def _check_data_keys(settings: Settings) -> None:
    ring = {fingerprint(key).hex() for key in settings.data_key}
    used = set(db.session.scalars(select(DataKeyCheck.fingerprint)))
    lacking = ", ".join(sorted(used - ring))
    if lacking:
        raise ConfigurationError(
            f"KELISIM_DATA_KEY lacks a key that has sealed data here ({lacking}). "
            "Keys are added in front of the ring, never taken off."
        )
