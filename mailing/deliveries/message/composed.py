"""A message that lacks nothing but its signatures."""

from collections.abc import Sequence
from typing import NamedTuple

from mailing.deliveries.message.dkim import Unmade
from mailing.deliveries.message.octets import Octets


class Composed(NamedTuple):
    """The octets without the signatures, and those that are still to be made, topmost first."""

    octets: Octets
    unmade: Sequence[Unmade] = ()

    def signed(self) -> Octets:
        """The whole message, the same octets each time; neither form that signs is random."""
        if not self.unmade:
            return self.octets
        return self.octets.below("".join(one.field() + "\r\n" for one in self.unmade))
