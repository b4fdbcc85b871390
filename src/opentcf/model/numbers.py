"""Identities: a number and the domain of its home TCF."""

from typing import NamedTuple

NUMBER_DIGITS = 15
"""The longest number of a user or a group."""
_IN_NO_DOMAIN = frozenset("@;?:/ ")


def is_number(text: str) -> bool:
    """A UDN or GDN is 1 to 15 decimal digits."""
    return 0 < len(text) <= NUMBER_DIGITS and text.isascii() and text.isdigit()


def bare(text: str, domain: str) -> str:
    """`1001` for `1001@core1.example`, with or without `sip:`, in that domain; any other text as it is."""
    number, _, where = text.removeprefix("sip:").partition("@")
    return number if where.lower() == domain else text


class Aor(NamedTuple):
    """The address of record of a user (UDN) or a group (GDN): `number@domain`. The domain says which TCF is home."""

    number: str
    domain: str

    def __str__(self) -> str:
        return f"{self.number}@{self.domain}"

    @classmethod
    def parse(cls, text: str) -> "Aor":
        """Read `2001@core2.example`, with or without `sip:`; ValueError when it is anything else."""
        number, _, domain = text.removeprefix("sip:").partition("@")
        fit = domain.isprintable() and _IN_NO_DOMAIN.isdisjoint(domain)
        if not is_number(number) or not domain or not fit:
            raise ValueError(f"{text!r} is not number@domain with 1 to {NUMBER_DIGITS} digits")
        return cls(number, domain.lower())
