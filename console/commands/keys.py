"""`kelisim keys`: fresh secrets for a new installation, and the dated keys of its backups."""

import base64
import secrets

import click

from console.frame import leaf
from console.output import Answer
from mailing.backups import keys as dated
from mailing.base import clock, settings


@click.group()
def keys() -> None:
    """Secrets of an installation."""


@keys.command()
@leaf
def new() -> Answer:
    """Print the three secrets as lines for .env. Keep them: what they sealed needs them."""
    fresh = fresh_keys()
    return Answer(fresh, "\n".join(f"{name}={value}" for name, value in fresh.items()))


@keys.command()
@leaf
def backups() -> Answer:
    """The dated keys of backups: which backups can be opened, and until when."""
    found = list(dated.known(settings.load().key_dir))
    return Answer([key.told() for key in found])


@keys.command()
@leaf
def expire() -> Answer:
    """Destroy the keys of backups whose time is over; nothing opens those backups any more."""
    over = dated.expire(settings.load(), clock.now().date())
    told = [key.told() for key in over]
    return Answer({"destroyed": told}, f"{len(told)} keys were destroyed.")


def fresh_keys() -> dict[str, str]:
    """The three secrets by the names of their variables; 32 random bytes each."""
    return {
        "KELISIM_SECRET_KEYS": secrets.token_urlsafe(32),
        "KELISIM_DATA_KEY": _key(),
        "KELISIM_SUPPRESSION_KEY": _key(),
    }


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
