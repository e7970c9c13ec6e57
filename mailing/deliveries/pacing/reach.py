"""Reach: which limits a delivery is under. Domains are looked up only where they are limited."""

from collections.abc import Iterable
from uuid import UUID

from psycopg import Connection

from mailing.base.limits import OTHERS
from mailing.base.sealing import digest
from mailing.base.settings import Settings
from mailing.deliveries.pacing.limit import Limit
from mailing.deliveries.queue import Claim

_PROVIDERS = "SELECT id, provider FROM subscribers WHERE id = ANY (%s)"
_NAME_OCTETS = 12

Limits = tuple[Limit, ...]


class Reach:
    """The limits of the settings, found for claims."""

    def __init__(self, settings: Settings, database: Connection) -> None:
        self._database = database
        self._overall: Limits = (Limit.of("all", settings.rate),) if settings.rate else ()
        self._domains = Domains(settings)
        self._campaign_rate = settings.campaign_rate
        self._campaigns: dict[int, Limits] = {}
        self._found: dict[tuple[int | None, str], Limits] = {}
        self._providers: dict[UUID, str] = {}

    @property
    def is_free(self) -> bool:
        """Whether there is no limit at all."""
        return not (self._overall or self._campaign_rate or self._domains.are_limited)

    def learn(self, claims: Iterable[Claim]) -> None:
        """Look up the domains of these, once; `of` knows nothing of others."""
        if self._domains.are_limited:
            self._look_up({claim.subscriber_id for claim in claims})

    def of(self, claim: Claim) -> Limits:
        """The limits of a claim: the same tuple for all that have the same."""
        if not self._domains.are_limited:
            return self._of_campaign(claim.campaign_id)
        provider = self._providers.get(claim.subscriber_id, "")
        key = (claim.campaign_id, provider)
        found = self._found.get(key)
        if found is None:
            found = self._of_campaign(claim.campaign_id) + self._domains.limits(provider)
            self._found[key] = found
        return found

    def _of_campaign(self, number: int | None) -> Limits:
        if number is None or not self._campaign_rate:
            return self._overall
        found = self._campaigns.get(number)
        if found is None:
            found = (*self._overall, Limit.of(f"campaign:{number}", self._campaign_rate))
            self._campaigns[number] = found
        return found

    def _look_up(self, people: set[UUID]) -> None:
        """Know the domains of these people, and of nobody else any more."""
        known = self._providers
        unknown = list(people - known.keys())
        if unknown:
            self._found.clear()
            self._domains.forget()
            kept = {person: known[person] for person in people if person in known}
            self._providers = kept | dict.fromkeys(unknown, "")
            self._providers.update(self._database.execute(_PROVIDERS, [unknown]).fetchall())


class Domains:
    """The limits of recipient domains."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.suppression_key
        self._named: dict[str, Limits] = {}
        self._unnamed: dict[str, Limits] = {}
        self._others = 0.0
        for one in settings.domain_rates:
            if one.domains == (OTHERS,):
                self._others = one.rate
                continue
            limit = (Limit.of(f"domain:{'+'.join(one.domains)}", one.rate),) if one.rate else ()
            self._named.update(dict.fromkeys(one.domains, limit))

    @property
    def are_limited(self) -> bool:
        """Whether any domain has a limit."""
        return bool(self._others) or any(self._named.values())

    def limits(self, provider: str) -> Limits:
        """The limit of this domain (an A-label), if it has one; none where it is not known."""
        named = self._named.get(provider)
        if named is not None or not self._others or not provider:
            return named or ()
        return self._unnamed.get(provider) or self._name(provider)

    def forget(self) -> None:
        """Forget the domains that no setting names."""
        self._unnamed.clear()

    def _name(self, provider: str) -> Limits:
        # It may be one person's own domain: its name does not go to Redis.
        name = digest(self._key, f"pace {provider}")[:_NAME_OCTETS].hex()
        found = self._unnamed[provider] = (Limit.of(f"domain:{name}", self._others),)
        return found
