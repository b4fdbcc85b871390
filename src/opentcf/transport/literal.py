"""What an address literal (IPv4, or IPv6 without brackets) stands for. A host name stands for nothing here."""

from ipaddress import ip_address


def is_literal(host: str) -> bool:
    """Is it an address, not a name?"""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Does it stay on this machine?"""
    return is_literal(host) and ip_address(host).is_loopback


def is_wildcard(host: str) -> bool:
    """Does it stand for all of the machine's addresses?"""
    return is_literal(host) and ip_address(host).is_unspecified
