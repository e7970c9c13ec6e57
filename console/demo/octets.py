"""What has to be so in every bulk message, judged on the octets that left (contract.md)."""

import re
from collections.abc import Iterable, Iterator

from console.demo.operator import IDENTITY
from console.demo.people import Person
from console.demo.postbox import Letter
from console.demo.verdicts import Unverified, demand

ONCE = (
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "List-Id", "List-Unsubscribe",
    "List-Unsubscribe-Post", "List-Help", "Feedback-ID", "Precedence", "X-Kelisim-Delivery",
)  # fmt: skip
ONE_CLICK = "List-Unsubscribe=One-Click"
LONGEST_LINE = 998
DELIVERIES = ("Message-ID", "X-Kelisim-Delivery", "List-Unsubscribe")


def demand_exactly_one_each(letters: Iterable[Letter], people: Iterable[Person]) -> None:
    """Everybody of `people` got one message and nobody else any. Raises Unverified by name."""
    came = [letter.recipient for letter in letters]
    meant = {person.email for person in people}
    demand(not set(came) - meant, f"it reached {_names(set(came) - meant)}, who must not get it")
    demand(not meant - set(came), f"it did not reach {_names(meant - set(came))}")
    twice = {address for address in came if came.count(address) > 1}
    demand(not twice, f"it reached {_names(twice)} more than once")


def demand_whole(letters: Iterable[Letter], web: str) -> None:
    """Each message has what it must have. Raises Unverified with the first that has not."""
    for letter in letters:
        for fault in faults(letter, web):
            raise Unverified(f"the message to {letter.recipient or letter.recipients}: {fault}")


def demand_distinct(letters: list[Letter]) -> None:
    """No two messages share an id or a link to leave. Raises Unverified."""
    for name in DELIVERIES:
        values = [str(letter.message[name]) for letter in letters]
        demand(len(set(values)) == len(values), f"two messages share their {name}")


def faults(letter: Letter, web: str) -> Iterator[str]:
    """What is wrong with one message; nothing where all is well."""
    yield from _envelope(letter)
    for name in ONCE:
        count = len(letter.message.get_all(name, []))
        if count != 1:
            yield f"{name} stands {count} times in it"
    if letter.message["List-Unsubscribe-Post"] != ONE_CLICK:
        yield f"List-Unsubscribe-Post is not {ONE_CLICK}"
    if not letter.one_click().startswith(f"{web}/u/"):
        yield "List-Unsubscribe holds no address of ours to leave at"
    if max(map(len, letter.raw.splitlines())) > LONGEST_LINE:
        yield f"a line is longer than {LONGEST_LINE} octets"
    yield from _parts(letter, web)


def _envelope(letter: Letter) -> Iterator[str]:
    if [str(letter.message["To"])] != list(letter.recipients):
        yield "the envelope has another recipient than To"
    domain = re.escape(IDENTITY["KELISIM_BOUNCE_DOMAIN"])
    if not re.fullmatch(rf"bounce\+[a-z2-7]+@{domain}", letter.sender):
        yield "the envelope sender is no signed return path"


def _parts(letter: Letter, web: str) -> Iterator[str]:
    for kind in ("plain", "html"):
        text = letter.part(kind)
        if f"{web}/u/" not in text:
            yield f"its {kind} part has no link to leave"
        if IDENTITY["KELISIM_OPERATOR_BIN"] not in text:
            yield f"its {kind} part does not say who the operator is"


def _names(addresses: set[str]) -> str:
    return ", ".join(sorted(addresses))
