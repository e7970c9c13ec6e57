"""A campaign whose messages are signed, in turns with nothing but signatures."""

from pathlib import Path
from typing import Any

import dkim

from bench import campaign, ground, machine, rig, signatures, work
from bench.goals import figures
from bench.ground import Ground
from bench.measure import demand, ratio
from bench.rig import Rig
from bench.sink import kept_apart, sink
from bench.sizes import Sizes
from bench.talk import say
from tests import road

_DOMAIN, _SELECTOR = "glazik.example", "bench"
_SECONDS = 3.0
_CHECKED = 100


def measure(sizes: Sizes) -> dict[str, Any]:
    """Signed messages a second over raw RSA-2048 signatures a second of as many processes.

    Raises DoesNotCount unless every message of a campaign before carries a signature that
    dkimpy verifies, and all of those measured have arrived.
    """
    with sink() as ours, ground.ground() as place:
        key, record = signatures.make_key(place.directory)
        signing = _settings(sizes, key)
        work.people(campaign.lay(sizes), _CHECKED, "offers", sizes.messages)
        written = work.body(sizes.message_size)
        _check_signatures(place, sizes.processes, signing, (written, record))
        with rig.rig(place, ours, sizes.processes, **signing) as over:
            rounds = [_round(one, over, sizes, written) for one in range(1, sizes.rounds + 1)]
    found = ratio([one["kelisim"]["rate"] for one in rounds], [one["signatures"] for one in rounds])
    say(f"signed messages / raw signatures = {found}")
    return {
        "figures": figures(dkim_to_raw_signatures=found),
        "messages": sizes.messages,
        "processes": sizes.processes,
        "connections_each": sizes.connections,
        "database": place.database,
        "rounds": rounds,
    }


def is_signed(kept: bytes, record: str) -> bool:
    """Whether what the sink kept verifies; it keeps lines that end with LF, and adds headers."""
    message = kept.replace(b"\r\n", b"\n").removesuffix(b"\n").replace(b"\n", b"\r\n")
    name = f"{_SELECTOR}._domainkey.{_DOMAIN}.".encode()

    def look_up(asked: bytes, timeout: int = 5) -> bytes:
        return record.encode() if asked == name else b""

    return bool(dkim.verify(message, dnsfunc=look_up))


def _settings(sizes: Sizes, key: Path) -> dict[str, str]:
    return {
        "KELISIM_SMTP_CONNECTIONS": str(sizes.connections),
        "KELISIM_DKIM_DOMAIN": _DOMAIN,
        "KELISIM_DKIM_SELECTOR": _SELECTOR,
        "KELISIM_DKIM_KEY_FILE": str(key),
    }


def _check_signatures(
    place: Ground, processes: int, signing: dict[str, str], known: tuple[str, str]
) -> None:
    """Each message is kept and verified: a rate of unsigned messages would look very good."""
    written, record = known
    ground.settle()
    options, directory = kept_apart(place.directory)
    number = road.campaign("offers", body=written)
    with sink(*options) as checked, rig.rig(place, checked, processes, **signing):
        road.start(number)
        work.until_done(number, checked)
        checked.settled_at(_CHECKED)
    kept = sorted(directory.iterdir())
    signed = sum(is_signed(one.read_bytes(), record) for one in kept)
    demand(len(kept) == signed == _CHECKED, f"of {len(kept)} messages {signed} are signed well")
    say(f"checked: each of {_CHECKED} messages carries a signature that verifies")


def _round(number: int, over: Rig, sizes: Sizes, written: str) -> dict[str, Any]:
    ground.settle()
    load = machine.load()
    campaign_id = road.campaign(subject=f"Қараша жаңалықтары {number}", body=written)
    raw = signatures.raw_rate(sizes.processes, _SECONDS)
    ours = rig.send(over, campaign_id, sizes.messages)
    say(f"round {number}: {raw:,.0f} signatures/s, {ours['rate']:,.0f} signed messages/s")
    return {"load": load, "signatures": round(raw, 1), "kelisim": ours}
