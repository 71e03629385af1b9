"""What makes a user name and a password acceptable. Source of the password rules: NIST SP 800-63B, section 3.1.1."""

import re
import unicodedata
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from millrace.common.kernel.errors import Code, MillraceError

_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{2,63}")
_CURRENCY = re.compile(r"[A-Z]{3,5}")
_COMMON = frozenset(
    {
        *("password", "password1", "password123", "12345678", "123456789", "1234567890", "qwertyuiop", "qwerty123"),
        *("letmein123", "iloveyou", "admin123", "administrator", "welcome1", "welcome123", "changeme", "bitcoin123"),
        *("trustno1", "sunshine1", "millrace"),
    }
)


def check_username(username: str, email: str) -> str:
    """The name, or VALIDATION_ERROR. Users may sign in with either, so a name must never be another's address."""
    if not _USERNAME.fullmatch(username):
        raise invalid("username", "must be 3 to 64 letters, digits or . _ @ + -")
    if "@" in username and username.lower() != email.lower():
        raise invalid("username", "may only be an e-mail address when it is your own")
    return username


def normal(password: str) -> str:
    """The password as it is hashed: the same however a keyboard composes its characters (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *context: str) -> str:
    """The password, or VALIDATION_ERROR when it is short, common, or made of what is known about the user."""
    if not 8 <= len(normal(password)) <= 128:
        raise invalid("password", "must have 8 to 128 characters")
    lower = password.lower()
    if lower in _COMMON or len(set(lower)) < 4:
        raise invalid("password", "is too easy to guess")
    if any(len(word) >= 4 and lower in (word.lower(), word.lower()[::-1]) for word in context):
        raise invalid("password", "must not be your name or address")
    return password


def names(full_name: str | None, first_name: str | None) -> tuple[str | None, str | None]:
    """Full and first name; each follows from the other where only one is given."""
    if full_name is None:
        return first_name, first_name
    return full_name, first_name or (full_name.split() or [""])[0]


def check_currency(currency: str) -> str:
    """A currency's code, in capitals, or VALIDATION_ERROR."""
    if not _CURRENCY.fullmatch(currency.upper()):
        raise invalid("currency", "must be a code of 3 to 5 letters, like ZAR")
    return currency.upper()


def check_networks(addresses: Sequence[str]) -> list[str]:
    """IP addresses and networks in their usual spelling, or VALIDATION_ERROR."""
    try:
        return [str(ip_network(address)) for address in addresses]
    except ValueError as wrong:
        raise invalid("addresses", str(wrong)) from None


def within(ip: str, networks: Sequence[str]) -> bool:
    """Whether an address is in one of the networks; always where there are none."""
    if not networks:
        return True
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in ip_network(network) for network in networks)


def told_once(what: str) -> MillraceError:
    """The refusal of a wish that has made its secret already and whose answer may be lost."""
    text = f"this {what} was made already, and its secret is told once; revoke it and make another"
    return MillraceError(Code.IDEMPOTENCY_CONFLICT, text)


def invalid(field: str, reason: str) -> MillraceError:
    """One field is wrong."""
    return MillraceError(Code.VALIDATION_ERROR, f"{field} {reason}", fields={field: reason})
