"""How many wrong guesses are borne, and where they come from."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address

EVERYWHERE = "*"
WINDOW = timedelta(minutes=15)
LONG_WINDOW = timedelta(hours=24)
TRIES = 5
TRIES_EVERYWHERE = 50
"""A user has two names, so an account bears a hundred."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose door is knocked at, and by whom: a digest of the name as typed, and a source.

    A `known` origin (an address or a device its user has signed in from) is not held up by what others do.
    """

    name: bytes
    source: str
    known: bool

    @property
    def counted(self) -> list[str]:
        """The sources under which its failures count, in the order in which they are locked."""
        return [EVERYWHERE, self.source]

    def blocks(self, source: str, failures: int) -> bool:
        """Whether so many failures under one of them hold it up."""
        if source == EVERYWHERE:
            return not self.known and failures >= TRIES_EVERYWHERE
        return failures >= TRIES


def window(source: str) -> timedelta:
    """How long failures count, from the first one on."""
    return LONG_WINDOW if source == EVERYWHERE else WINDOW


def source_of(ip: str) -> str:
    """The address as it is counted: one IPv6 customer has a whole /64."""
    try:
        address = ip_address(ip)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Address(int(address) >> 64 << 64)) + "/64"
    return str(address)
