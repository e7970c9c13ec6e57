"""The gate's yes. SMTP takes nothing else."""

from dataclasses import dataclass
from uuid import UUID


class GateStamp:
    """What only the gate holds; a permit cannot be made without it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class SendPermit:
    """One message may be handed over to one recipient, by the claim that `fence` names.

    `return_path` is the envelope sender (RFC 5321 4.1.1.2), empty for the null path; `recipient`
    the address as stored.
    """

    stamp: GateStamp
    delivery_id: UUID
    fence: int
    kind: str
    return_path: str
    recipient: str

    def __post_init__(self) -> None:
        if not isinstance(self.stamp, GateStamp):
            raise TypeError("only the gate makes permits")
