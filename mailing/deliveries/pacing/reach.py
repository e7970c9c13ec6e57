"""Reach: which limits a delivery is under. Domains are looked up only where they are limited."""

from collections.abc import Sequence
from uuid import UUID

from psycopg import Connection

from mailing.base.limits import OTHERS
from mailing.base.sealing import digest
from mailing.base.settings import Settings
from mailing.deliveries.pacing.limit import Limit
from mailing.deliveries.queue import Claim

_PROVIDERS = "SELECT id, provider FROM subscribers WHERE id = ANY (%s)"
_NAME_OCTETS = 12


class Reach:
    """The limits of the settings, found for claims."""

    def __init__(self, settings: Settings, database: Connection) -> None:
        self._database = database
        self._overall = (Limit.of("all", settings.rate),) if settings.rate else ()
        self._domains = Domains(settings)
        self._campaign_rate = settings.campaign_rate
        self._campaigns: dict[int, Limit] = {}
        self._providers: dict[UUID, str] = {}

    @property
    def is_free(self) -> bool:
        """Whether there is no limit at all."""
        return not (self._overall or self._campaign_rate or self._domains.are_limited)

    def of(self, claims: Sequence[Claim]) -> list[tuple[Limit, ...]]:
        """The limits of each of these claims, in their order."""
        if self._domains.are_limited:
            self._look_up(claims)
        return [self._overall + self._campaign(claim) + self._domain(claim) for claim in claims]

    def _campaign(self, claim: Claim) -> tuple[Limit, ...]:
        number = claim.campaign_id
        if number is None or not self._campaign_rate:
            return ()
        found = self._campaigns.get(number)
        if found is None:
            found = Limit.of(f"campaign:{number}", self._campaign_rate)
            self._campaigns[number] = found
        return (found,)

    def _domain(self, claim: Claim) -> tuple[Limit, ...]:
        if not self._domains.are_limited:
            return ()
        return self._domains.limits(self._providers.get(claim.subscriber_id, ""))

    def _look_up(self, claims: Sequence[Claim]) -> None:
        """Know the domains of these people, and of nobody else any more."""
        known = self._providers
        if all(claim.subscriber_id in known for claim in claims):
            return
        wanted = {claim.subscriber_id for claim in claims}
        kept = {person: known[person] for person in wanted if person in known}
        unknown = list(wanted - kept.keys())
        self._providers = kept | dict.fromkeys(unknown, "")
        self._providers.update(self._database.execute(_PROVIDERS, [unknown]).fetchall())


class Domains:
    """The limits of recipient domains."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.suppression_key
        self._named: dict[str, tuple[Limit, ...]] = {}
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

    def limits(self, provider: str) -> tuple[Limit, ...]:
        """The limit of this domain (an A-label), if it has one; none where it is not known.

        A domain that no setting names may be one person's own: its name does not go to Redis.
        """
        named = self._named.get(provider)
        if named is not None or not self._others or not provider:
            return named or ()
        name = digest(self._key, f"pace {provider}")[:_NAME_OCTETS].hex()
        return (Limit.of(f"domain:{name}", self._others),)
