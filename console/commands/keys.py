"""`kelisim keys`: fresh secrets for a new installation."""

import base64
import secrets

import click

from console.frame import leaf
from console.output import Answer


@click.group()
def keys() -> None:
    """Secrets of an installation."""


@keys.command()
@leaf
def new() -> Answer:
    """Print the three secrets as lines for .env. Keep them: what they sealed needs them."""
    fresh = fresh_keys()
    return Answer(fresh, "\n".join(f"{name}={value}" for name, value in fresh.items()))


def fresh_keys() -> dict[str, str]:
    """The three secrets by the names of their variables; 32 random bytes each."""
    return {
        "KELISIM_SECRET_KEYS": secrets.token_urlsafe(32),
        "KELISIM_DATA_KEY": _key(),
        "KELISIM_SUPPRESSION_KEY": _key(),
    }


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
