"""Settings: one frozen object, read from `KELISIM_*` (and `.env`) when a process starts."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from flask import current_app
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mailing.base import hours, limits, terms, values
from mailing.base.errors import ConfigurationError
from mailing.base.hours import Span
from mailing.base.limits import DomainRate

ROOT = Path(__file__).resolve().parents[2]

Listed = Annotated[tuple[str, ...], NoDecode]
Minutes = Annotated[tuple[int, ...], NoDecode]
Keys = Annotated[tuple[bytes, ...], NoDecode]
DomainRates = Annotated[tuple[DomainRate, ...], NoDecode]
Spans = Annotated[tuple[Span, ...], NoDecode]
Terms = Annotated[tuple[tuple[str, int], ...], NoDecode]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode]


class Settings(BaseSettings):
    """Every setting of contract.md under its lower-cased name, and a few of ours."""

    model_config = SettingsConfigDict(
        env_prefix="KELISIM_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    database_url: str | None = Field(None, repr=False)
    redis_url: str | None = Field(None, repr=False)
    var: Path = Path("var")
    secret_keys: Listed = Field(repr=False)
    data_key: Keys = Field(repr=False)
    suppression_key: Annotated[bytes, NoDecode] = Field(repr=False)
    public_url: str = "http://127.0.0.1:8080"
    smtp_url: Listed = Field(("smtp://127.0.0.1:25",), repr=False)
    smtp_connections: int = Field(20, ge=1, le=1000)
    send_batch: int = Field(500, ge=1, le=100_000)
    rate: float = Field(0, ge=0, allow_inf_nan=False)
    campaign_rate: float = Field(0, ge=0, allow_inf_nan=False)
    domain_rates: DomainRates = ()
    relay_connections: int = Field(0, ge=0, le=1000)
    sending_hours: Spans = ()
    complaints_stop: float = Field(0.3, ge=0, le=100, allow_inf_nan=False)
    brake_bounces: float = Field(0, ge=0, le=100, allow_inf_nan=False)
    brake_complaints: float = Field(0, ge=0, le=100, allow_inf_nan=False)
    brake_refusals: float = Field(0, ge=0, le=100, allow_inf_nan=False)
    brake_at_least: int = Field(20, ge=1)
    brake_storm: int = Field(0, ge=0)
    brake_storm_minutes: int = Field(10, ge=1, le=1440)
    bounce_domain: str = ""
    helpdesk_address: str = ""
    from_: str = Field("", validation_alias="KELISIM_FROM")
    dkim_domain: str | None = None
    dkim_selector: str | None = None
    dkim_key_file: Path | None = None
    imap_url: str | None = Field(None, repr=False)
    imap_seconds: float = Field(30, ge=1, le=3600)
    authserv_id: Listed = ()
    inbound_listen: str | None = None
    journal_dir: Path | None = None
    backup_keys: Path | None = None
    backup_days: int = Field(35, ge=1, le=3650)
    operator_name: str | None = None
    operator_bin: str | None = None
    operator_address: str | None = None
    log_level: str = "info"
    trusted_proxies: int = Field(0, ge=0, le=5)
    join_network_hourly: int = Field(60, ge=0)
    join_domain_hourly: int = Field(1000, ge=0)
    queue_prefix: str = "kelisim:"
    retry_minutes: Minutes = (1, 5, 15, 30, 60, 120, 180)
    give_up_hours: float = Field(96, gt=0)
    holding_seconds: int = Field(120, ge=0)
    approval: bool = False
    link_networks: Networks = ()
    resolver: str = ""
    rspamd_url: str | None = None
    rspamd_password: str | None = Field(None, repr=False)
    time_zone: str = "Asia/Almaty"
    answer_days: int = Field(3, ge=1, le=60)
    correct_days: int = Field(1, ge=1, le=60)
    outer_days: int = Field(15, ge=1, le=120)
    calendar_dir: Path | None = None
    cooling_hours: float = Field(4, ge=0, le=80, allow_inf_nan=False)
    retention: Terms = ()

    @field_validator("secret_keys", "smtp_url", "authserv_id", "link_networks", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return values.words(value) if isinstance(value, str) else value

    @field_validator("retry_minutes", mode="before")
    @classmethod
    def _split_minutes(cls, value: Any) -> Any:
        return tuple(int(word) for word in values.words(value)) if isinstance(value, str) else value

    @field_validator("data_key", mode="before")
    @classmethod
    def _decode_ring(cls, value: Any) -> Any:
        return (
            tuple(values.key(word) for word in values.words(value))
            if isinstance(value, str)
            else value
        )

    @field_validator("domain_rates", mode="before")
    @classmethod
    def _read_domain_rates(cls, value: Any) -> Any:
        return limits.domain_rates(value) if isinstance(value, str) else value

    @field_validator("sending_hours", mode="before")
    @classmethod
    def _read_hours(cls, value: Any) -> Any:
        return hours.spans(value) if isinstance(value, str) else value

    @field_validator("retention", mode="before")
    @classmethod
    def _read_terms(cls, value: Any) -> Any:
        return terms.terms(value) if isinstance(value, str) else value

    @field_validator("suppression_key", mode="before")
    @classmethod
    def _decode_key(cls, value: Any) -> Any:
        return values.key(value) if isinstance(value, str) else value

    @field_validator("secret_keys", "data_key", "smtp_url", "retry_minutes")
    @classmethod
    def _never_empty(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if not value:
            raise ValueError("is empty")
        return value

    _mailbox = field_validator("imap_url")(values.imap_mailbox)
    _relays = field_validator("smtp_url")(values.relays)
    _database = field_validator("database_url")(values.database)
    _queue = field_validator("redis_url")(values.queue)
    _public_url = field_validator("public_url")(values.public_address)
    _time_zone = field_validator("time_zone")(values.time_zone)
    _resolver = field_validator("resolver")(values.resolver)
    _filter = field_validator("rspamd_url")(values.spam_filter)
    _filter_password = field_validator("rspamd_password")(values.http_field)
    _log_level = field_validator("log_level")(values.log_level)
    _later = field_validator("retry_minutes")(values.minutes)

    @model_validator(mode="after")
    def _fill(self) -> Self:
        domain = self._own_domain()
        for name, default in (
            ("from_", f"news@{domain}"),
            ("helpdesk_address", f"helpdesk@{domain}"),
            ("bounce_domain", f"bounce.{domain}"),
        ):
            if not getattr(self, name):
                object.__setattr__(self, name, default)
        if self.journal_dir is None:
            object.__setattr__(self, "journal_dir", self.var / "journal")
        return self

    @property
    def journal(self) -> Path:
        """The directory of the withdrawal journal."""
        return self.journal_dir or self.var / "journal"

    @property
    def key_dir(self) -> Path:
        """The directory of the dated keys of backups."""
        return self.backup_keys or self.var / "backup-keys"

    @property
    def database(self) -> str:
        """The database's address; raises ConfigurationError where none is set."""
        return self._required("KELISIM_DATABASE_URL", self.database_url)

    @property
    def queue(self) -> str:
        """The queue's address; raises ConfigurationError where none is set."""
        return self._required("KELISIM_REDIS_URL", self.redis_url)

    def _own_domain(self) -> str:
        if self.from_:
            return self.from_.rpartition("@")[2].strip(" >")
        host = urlsplit(self.public_url).hostname or ""
        return "kelisim.localhost" if values.is_loopback(host) else host

    @staticmethod
    def _required(name: str, value: str | None) -> str:
        if value is None:
            raise ConfigurationError(
                f"{name} is not set. Set it, or start this through the kelisim command, "
                "which brings services of its own."
            )
        return value


def load(**given: Any) -> Settings:
    """Read the settings; raises ConfigurationError that names each variable at fault."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise ConfigurationError(_sentence(error)) from None


def current() -> Settings:
    """The settings of the running application."""
    settings: Settings = current_app.extensions["kelisim"]
    return settings


def _sentence(error: ValidationError) -> str:
    return " ".join(_one(problem) for problem in error.errors())


def _one(problem: Any) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else "settings"
    variable = name if name.isupper() else f"KELISIM_{name.upper().rstrip('_')}"
    if problem["type"] == "missing":
        return (
            f"{variable} is not set. Set it in the environment or in .env "
            "(`kelisim keys new` prints fresh secrets)."
        )
    return f"{variable}: {str(problem['msg']).removeprefix('Value error, ')}."
