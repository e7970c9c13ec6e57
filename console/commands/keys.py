"""`kelisim keys`: fresh secrets for a new installation, and the dated keys of its backups."""

import base64
import secrets

import click

from console.frame import leaf
from console.output import Answer
from mailing.backups import keys as dated
from mailing.base import clock, newkey, settings
from mailing.deliveries import dns_records


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
@click.option("--selector", required=True, help="Its name in the DNS: k2026, say.")
@click.option("--kind", type=click.Choice(newkey.ALGORITHMS), default="rsa", show_default=True)
@leaf
def dkim(selector: str, kind: str) -> Answer:
    """Make a key to sign messages with; print what to publish and what to set."""
    here = settings.load()
    key, path = newkey.create(here.var / "dkim", dns_records.sender(here), selector, kind)
    told = {
        "name": key.host,
        "record": dns_records.published(key),
        "KELISIM_DKIM_DOMAIN": key.domain,
        "KELISIM_DKIM_SELECTOR": selector,
        "KELISIM_DKIM_KEY_FILE": str(path),
    }
    text = f"Publish as TXT at {told['name']}:\n{told['record']}\nThen set:\n"
    lines = (f"{name}={value}" for name, value in told.items() if name.startswith("KELISIM_"))
    return Answer(told, text + "\n".join(lines))


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
