"""The operator: who writes, as every form, footer and piece of evidence shows (policy 1.1)."""

from dataclasses import dataclass

from mailing.base.errors import NotReady
from mailing.base.settings import Settings


@dataclass(frozen=True, slots=True)
class Operator:
    """Who writes: shown in every footer. `contact` is the helpdesk mailbox."""

    name: str
    bin: str
    address: str
    contact: str


def operator_of(settings: Settings) -> Operator:
    """The operator of this installation; raises NotReady while its identity is missing."""
    if not (settings.operator_name and settings.operator_bin and settings.operator_address):
        raise NotReady(
            "The operator's identity is missing: set KELISIM_OPERATOR_NAME, KELISIM_OPERATOR_BIN "
            "and KELISIM_OPERATOR_ADDRESS. Nothing is sent without it."
        )
    return Operator(
        name=settings.operator_name,
        bin=settings.operator_bin,
        address=settings.operator_address,
        contact=settings.helpdesk_address,
    )
