"""The torture tests of RFC 5118 (IPv6), each written anew from its description with addresses and names of ours."""

from tests.sip.decode import OK
from tests.torture.case import Case, case, wire


def head(number: int, method: str, to: str = "sip:2001@core2.example") -> list[str]:
    """The fields that are not the point."""
    return [
        f"To: {to}",
        f"From: sip:1001@core1.example;tag=v6-{number}",
        "Max-Forwards: 70",
        f"Call-ID: v6.{number}@core1.example",
        f"CSeq: {number} {method}",
    ]


def via(number: int) -> str:
    """A Via from an IPv6 address."""
    return f"Via: SIP/2.0/UDP [2001:db8:5::9:1];branch=z9hG4bK-v6-{number}"


CONTACT = 'Contact: "Unit 7" <sip:1001@[2001:db8:5::1]>'


def offer(number: int, host: str, *lines: str) -> bytes:
    """An INVITE with a session description."""
    body = "".join(f"{line}\r\n" for line in ("v=0", *lines)).encode()
    return wire(
        f"INVITE sip:2001@{host} SIP/2.0",
        *head(number, "INVITE", f"sip:2001@{host}"),
        via(number),
        CONTACT,
        "Content-Type: application/sdp",
        f"Content-Length: {len(body)}",
        body=body,
    )


CASES: list[Case] = [
    case(
        "ipv6-good",
        "4.1",
        "Valid SIP Message with an IPv6 Reference",
        wire(
            "REGISTER sip:[2001:db8:5::10] SIP/2.0",
            *head(1, "REGISTER"),
            via(1),
            CONTACT,
            "Content-Length: 0",
        ),
        OK,
    ),
    case(
        "ipv6-bad",
        "4.2",
        "Invalid SIP Message with an IPv6 Reference",
        wire(
            "REGISTER sip:2001:db8:5::10 SIP/2.0", *head(2, "REGISTER"), via(2), CONTACT, "Content-Length: 0"
        ),
        400,
    ),
    case(
        "port-ambiguous",
        "4.3",
        "Port Ambiguous in a SIP URI",
        wire(
            "REGISTER sip:[2001:db8:5::10:5070] SIP/2.0",
            *head(3, "REGISTER"),
            via(3),
            CONTACT,
            "Content-Length: 0",
        ),
        OK,
    ),
    case(
        "port-unambiguous",
        "4.4",
        "Port Unambiguous in a SIP URI",
        wire(
            "REGISTER sip:[2001:db8:5::10]:5070 SIP/2.0",
            *head(4, "REGISTER"),
            via(4),
            CONTACT,
            "Content-Length: 0",
        ),
        OK,
    ),
    case(
        "via-received-param-with-delim",
        "4.5",
        "IPv6 Reference Delimiters in Via Header",
        wire(
            "BYE sip:[2001:db8:5::10] SIP/2.0",
            *head(5, "BYE", "sip:2001@core2.example;tag=there"),
            "Via: SIP/2.0/UDP [2001:db8:5::9:1];received=[2001:db8:5::9:255];branch=z9hG4bK-v6-5",
            "Content-Length: 0",
        ),
        OK,
    ),
    case(
        "via-received-param-no-delim",
        "4.5",
        "IPv6 Reference Delimiters in Via Header",
        wire(
            "OPTIONS sip:[2001:db8:5::10] SIP/2.0",
            *head(55, "OPTIONS"),
            "Via: SIP/2.0/UDP [2001:db8:5::9:1];received=2001:db8:5::9:255;branch=z9hG4bK-v6-55",
            CONTACT,
            "Content-Length: 0",
        ),
        OK,
    ),
    case(
        "ipv6-in-sdp",
        "4.6",
        "SIP Request with IPv6 Addresses in Session Description Protocol (SDP) Body",
        offer(
            6,
            "[2001:db8:5::10]",
            "o=unit 971731711378 0 IN IP6 2001:db8:5::20",
            "s=A camera on the mast",
            "c=IN IP6 2001:db8:5::20",
            "t=0 0",
            "m=audio 41000 RTP/AVP 2",
            "a=rtpmap:2 G726-32/8000",
            "m=video 41002 RTP/AVP 107",
            "a=rtpmap:107 H263-1998/90000",
        ),
        OK,
    ),
    case(
        "mult-ip-in-header",
        "4.7",
        "Multiple IP Addresses in SIP Headers",
        wire(
            "BYE sip:2001@tcf.core2.example SIP/2.0",
            "Via: SIP/2.0/UDP [2001:db8:5::9:1]:6050;branch=z9hG4bK-v6-7",
            "Via: SIP/2.0/UDP 198.51.100.31;branch=z9hG4bK-v4-7",
            "Via: SIP/2.0/TCP [2001:db8:5::9:255];branch=z9hG4bK-v6-77;received=198.51.100.200",
            *head(7, "BYE", "sip:2001@core2.example;tag=there"),
            "Content-Length: 0",
        ),
        OK,
    ),
    case(
        "mult-ip-in-sdp",
        "4.8",
        "Multiple IP Addresses in SDP",
        offer(
            8,
            "[2001:db8:5::10]",
            "o=unit 280744730 28977631 IN IP4 unit7.core1.example",
            "s=",
            "t=0 0",
            "m=audio 42000 RTP/AVP 0",
            "c=IN IP4 198.51.100.31",
            "m=video 42002 RTP/AVP 107",
            "c=IN IP6 2001:db8:5::1",
            "a=rtpmap:107 H263-1998/90000",
        ),
        OK,
    ),
    case(
        "ipv4-mapped-ipv6",
        "4.9",
        "IPv4-Mapped IPv6 Addresses",
        offer(
            9,
            "core2.example",
            "o=unit 971731711378 1 IN IP6 ::ffff:198.51.100.31",
            "s=-",
            "c=IN IP6 ::ffff:198.51.100.31",
            "t=0 0",
            "m=audio 43000 RTP/AVP 0",
        )
        .replace(
            via(9).encode(),
            b"Via: SIP/2.0/UDP [::ffff:198.51.100.31]:19823;branch=z9hG4bK-v6-9\r\n"
            b"Via: SIP/2.0/UDP [::ffff:198.51.100.32];branch=z9hG4bK-v6-99",
        )
        .replace(b"[2001:db8:5::1]", b"[::ffff:198.51.100.32]"),
        OK,
    ),
    case(
        "ipv6-bug-abnf-3-colons",
        "4.10",
        "IPv6 Reference Bug in RFC 3261 ABNF",
        wire(
            "OPTIONS sip:2001@[2001:db8:5:::198.51.100.31] SIP/2.0",
            *head(10, "OPTIONS", "sip:2001@[2001:db8:5:::198.51.100.31]"),
            "Via: SIP/2.0/UDP tcf.core1.example;branch=z9hG4bK-v6-10",
            "Content-Length: 0",
        ),
        OK,
    ),
    case(
        "ipv6-correct-abnf-2-colons",
        "4.10",
        "IPv6 Reference Bug in RFC 3261 ABNF",
        wire(
            "OPTIONS sip:2001@[2001:db8:5::198.51.100.31] SIP/2.0",
            *head(11, "OPTIONS", "sip:2001@[2001:db8:5::198.51.100.31]"),
            "Via: SIP/2.0/UDP tcf.core1.example;branch=z9hG4bK-v6-11",
            "Content-Length: 0",
        ),
        OK,
    ),
]
