"""The torture tests of RFC 4475, each written anew from its description.

Names, hosts, numbers and bodies are ours; what is odd about a message is what its section says is odd. The labels are
those of the RFC. The last one stands in the RFC's archive without a section.
"""

from tests.sip.decode import OK
from tests.torture.case import SDP, Case, case, wire

TYPE = "Content-Type: application/sdp"
LENGTH = f"Content-Length: {len(SDP)}"


def head(number: int, method: str = "INVITE", label: str = "") -> list[str]:
    """What the odd part of a message does not need to be odd."""
    return [
        f"Via: SIP/2.0/UDP 198.51.100.31:5060;branch=z9hG4bK-t{number}",
        "Max-Forwards: 70",
        f"From: <sip:1001@core1.example>;tag=t{number}",
        "To: <sip:2001@core2.example>",
        f"Call-ID: torture-{label or number}@core1.example",
        f"CSeq: {number} {method}",
    ]


def but(lines: list[str], *changed: str) -> list[str]:
    """The same lines, but those whose names are among the changed ones."""
    given = {line.partition(":")[0].strip(): line for line in changed}
    return [given.get(line.partition(":")[0], line) for line in lines]


MULTIPART = (
    b"--next\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\nTwo parts\r\n"
    b"--next\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    b"\x00\x01\r\x02\n\x03\xff\xfe--nex\r\n\r\n\x80SIP/2.0 200 OK\r\n--next--\r\n"
)

VALID: list[Case] = [
    case(
        "wsinv",
        "3.1.1.1",
        "A Short Tortuous INVITE",
        wire(
            "INVITE sip:2001@core2.example;colour SIP/2.0",
            "TO :",
            " sip:2001@core2.example ;   tag    = 20010001x",
            'from   : "Unit \\\\ \\"7\\""       <sip:1001@core1.example>',
            "  ;",
            "  tag = 10010001y",
            "mAX-fORWARDS: 0042",
            "Call-ID: tortuous.1@core1.example",
            f"Content-Length   : {len(SDP)}",
            "cseq: 0007",
            "  INVITE",
            "Via  : SIP  /   2.0",
            " /UDP",
            "    198.51.100.31;branch=z9hG4bKtortuous",
            "s :",
            "BrandNewField:   its value goes",
            " on in the next line",
            "FieldThatNobodyCanRead: ,;;,;;;,",
            TYPE,
            "Route:",
            " <sip:edge.core2.example;lr;why=not;flag-only>",
            "v:  SIP  / 2.0  / TCP     relay.core1.example   ;",
            "  branch  =   z9hG4bKsecond  ,",
            " SIP  /    2.0   / UDP  10.11.12.13   ; branch=",
            " z9hG4bKthird",
            'm:"A name \\"in quotes\\"" <sip:1001@core1.example> ; fresh =',
            "      value ;",
            "  bare ; q = 0.25",
            body=SDP,
        ),
        OK,
    ),
    case(
        "intmeth",
        "3.1.1.2",
        "Wide Range of Valid Characters",
        wire(
            "!Odd-Method_9*+`.%but'legal~ sip:2_odd.User~(all-of!it)&is'fine+here$/really?,/;;*"
            ":&pass+wd=1,is!odd*too$~_(as-well)@core2.example SIP/2.0",
            "Via: SIP/2.0/UDP 198.51.100.31;branch=z9hG4bK-.!%77*_+`'~",
            'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:2_odd.User~(all-of!it)&is\'fine+here@core2.example>',
            "From: one`~ two'+_ three*%!.- <sip:1001@core1.example>;odd''~+*_!.-%=\"рабочая лошадь\";tag=_t~1'+`*%!-.",
            "Call-ID: odd.word%ZZ-!.*_+'@word`~)(><:\\/\"][?}{",
            "CSeq: 139122385 !Odd-Method_9*+`.%but'legal~",
            "Max-Forwards: 255",
            "odd-Field-!.%*+_`'~: \ufeff指挥中心",
            "Content-Length: 0",
        ),
        OK,
        405,
    ),
    case(
        "esc01",
        "3.1.1.3",
        "Valid Use of the % Escaping Mechanism",
        wire(
            "INVITE sip:sips%3A2001%40core2.example@core1.example SIP/2.0",
            "To: sip:%32%3001@core2.example",
            "From: <sip:Unit%20Seven%20A@core1.example>;tag=e1",
            "Max-Forwards: 87",
            "i: escapes.1@core1.example",
            "CSeq: 4711 INVITE",
            "Via: SIP/2.0/UDP 198.51.100.31;branch=z9hG4bKesc1",
            "C: application/sdp",
            "Contact:",
            "  <sip:un%69t7@198.51.100.31;%6C%72;n%61me=v%61lue%25%34%31>",
            LENGTH,
            body=SDP,
        ),
        OK,
    ),
    case(
        "escnull",
        "3.1.1.4",
        "Escaped Nulls in URIs",
        wire(
            "REGISTER sip:core1.example SIP/2.0",
            "To: sip:no-%00-end@core1.example",
            "From: sip:no-%00-end@core1.example;tag=e2",
            "Max-Forwards: 70",
            "Call-ID: escapes.2@core1.example",
            "CSeq: 90210 REGISTER",
            "Via: SIP/2.0/UDP 198.51.100.31;branch=z9hG4bKesc2",
            "Contact: <sip:%00@198.51.100.31>",
            "Contact: <sip:%00%00@198.51.100.31>",
            "L:0",
        ),
        OK,
    ),
    case(
        "esc02",
        "3.1.1.5",
        "Use of % When It Is Not an Escape",
        wire(
            "IN%56IT%45 sip:core1.example SIP/2.0",
            'To: "%Q%45" <sip:2001@core1.example>',
            'From: "%Q%45" <sip:1001@core1.example>;tag=e3',
            "Call-ID: escapes.3@core1.example",
            "Via: SIP/2.0/UDP 198.51.100.31;branch=z9hG4bK77%zqesc3",
            "CSeq: 8 IN%56IT%45",
            "Max-Forwards: 70",
            "Contact: <sip:first@198.51.100.31>",
            "C%6Fntact: <sip:none@198.51.100.32>",
            "Contact: <sip:second@198.51.100.33>",
            "l: 0",
        ),
        OK,
        405,
    ),
    case(
        "lwsdisp",
        "3.1.1.6",
        "Message with No LWS between Display Name and <",
        wire(
            "OPTIONS sip:core2.example SIP/2.0",
            *but(head(6, "OPTIONS"), "From: unit<sip:1001@core1.example>;tag=t6"),
            "l: 0",
        ),
        OK,
    ),
    case(
        "longreq",
        "3.1.1.7",
        "Long Values in Header Fields",
        wire(
            "INVITE sip:2001@core2.example SIP/2.0",
            f'To: "I have a name of{" great" * 20} length" <sip:2001@core2.example:5060;unknown1={"long" * 20}value;'
            f"{'long' * 15}name=value;{'param' * 10}>",
            f"F: sip:1001@core1.example;tag=12{'982424' * 50}0;{'unknown' * 15}param=x;flag{'0123456789' * 12}",
            f"Call-ID: long.{'one' * 20}call{'id' * 60}@core1.example",
            "CSeq: 3882340 INVITE",
            f"Field-Of-A-{'Very-' * 20}Long-Name: and a value; that={'goes-on' * 60}",
            "Max-Forwards: 70",
            "Via: SIP/2.0/UDP 198.51.100.31;branch=z9hG4bKlong0",
            *(
                f"Via: SIP/2.0/TCP relay{n}.core1.example;branch=z9hG4bK{'very' * 20}long{n}"
                for n in range(1, 33)
            ),
            "Via: SIP/2.0/UDP 198.51.100.99;received=192.0.2.5;branch=z9hG4bKlong33",
            f"Contact: <sip:{'a' * 100}@198.51.100.31>",
            TYPE,
            f"l: {len(SDP)}",
            body=SDP,
        ),
        OK,
    ),
    case(
        "dblreq",
        "3.1.1.8",
        "Extra Trailing Octets in a UDP Datagram",
        wire(
            "REGISTER sip:core1.example SIP/2.0",
            *but(head(8, "REGISTER"), "To: sip:1001@core1.example"),
            "Contact: sip:1001@198.51.100.31",
            "Content-Length: 0",
        )
        + b"\r\n"
        + wire("INVITE sip:2001@core2.example SIP/2.0", *head(80), TYPE, LENGTH, body=SDP),
        OK,
    ),
    case(
        "semiuri",
        "3.1.1.9",
        "Semicolon-Separated Parameters in URI User Part",
        wire(
            "OPTIONS sip:2001;gate=g%40core9.example@core2.example SIP/2.0",
            *but(head(9, "OPTIONS"), "To: sip:2001@core2.example"),
            "Contact: <sip:unit@198.51.100.31>",
            "Accept: application/sdp",
            "l: 0",
        ),
        OK,
    ),
    case(
        "transports",
        "3.1.1.10",
        "Varied and Unknown Transport Types",
        wire(
            "OPTIONS sip:2001@core2.example SIP/2.0",
            *head(10, "OPTIONS"),
            "Via: SIP/2.0/SCTP relay1.core1.example;branch=z9hG4bKtr1",
            "Via: SIP/2.0/TLS relay2.core1.example;branch=z9hG4bKtr2",
            "Via: SIP/2.0/PIGEON relay3.core1.example;branch=z9hG4bKtr3",
            "Via: SIP/2.0/TCP relay4.core1.example;branch=z9hG4bKtr4",
            "l: 0",
        ),
        OK,
    ),
    case(
        "mpart01",
        "3.1.1.11",
        "Multipart MIME Message",
        wire(
            "MESSAGE sip:2001@core2.example SIP/2.0",
            *head(11, "MESSAGE"),
            "MIME-Version: 1.0",
            'Content-Type: multipart/mixed;boundary="next"',
            f"Content-Length: {len(MULTIPART)}",
            body=MULTIPART,
        ),
        OK,
        (OK, 415),
    ),
    case(
        "unreason",
        "3.1.1.12",
        "Unusual Reason Phrase",
        wire(
            "SIP/2.0 200 = 3^2 * 22 + 2 але не тільки",
            *but(head(12), "To: <sip:2001@core2.example>;tag=t12b"),
            "Contact: <sip:2001@198.51.100.32>",
            TYPE,
            LENGTH,
            body=SDP,
        ),
        OK,
        None,
    ),
    case(
        "noreason",
        "3.1.1.13",
        "Empty Reason Phrase",
        wire(
            "SIP/2.0 100 ",
            *head(13),
            "Content-Length: 0",
        ),
        OK,
        None,
    ),
]

INVALID: list[Case] = [
    case(
        "badinv01",
        "3.1.2.1",
        "Extraneous Header Field Separators",
        wire(
            "INVITE sip:2001@core2.example SIP/2.0",
            *but(head(14), "Via: SIP/2.0/UDP 198.51.100.31;;,;,,"),
            'Contact: "Unit" <sip:1001@198.51.100.31>;;;;',
            TYPE,
            LENGTH,
            body=SDP,
        ),
        400,
        (400, None),  # where to answer stands in the very field that is broken
    ),
    case(
        "clerr",
        "3.1.2.2",
        "Content Length Larger Than Message",
        wire("INVITE sip:2001@core2.example SIP/2.0", *head(15), TYPE, "Content-Length: 9000", body=SDP),
        400,
        400,
        None,  # the rest is awaited
    ),
    case(
        "ncl",
        "3.1.2.3",
        "Negative Content-Length",
        wire("INVITE sip:2001@core2.example SIP/2.0", *head(16), TYPE, "Content-Length: -777", body=SDP),
        400,
    ),
    case(
        "scalar02",
        "3.1.2.4",
        "Request Scalar Fields with Overlarge Values",
        wire(
            "REGISTER sip:core1.example SIP/2.0",
            *but(head(17, "REGISTER"), "CSeq: 36893488147419103299 REGISTER", "Max-Forwards: 400"),
            "Expires: 20000000000000000000",
            "Contact: <sip:1001@198.51.100.31>;expires=380297596632815",
            "l: 0",
        ),
        400,
    ),
    case(
        "scalarlg",
        "3.1.2.5",
        "Response Scalar Fields with Overlarge Values",
        wire(
            "SIP/2.0 503 Service Unavailable",
            *but(head(18), "CSeq: 8192394834772304023312 INVITE"),
            "Retry-After: 849302838503028349304023988",
            'Warning: 2812 core2.example "Too much"',
            "Content-Length: 0",
        ),
        None,
    ),
    case(
        "quotbal",
        "3.1.2.6",
        "Unterminated Quoted String in Display Name",
        wire(
            "INVITE sip:2001@core2.example SIP/2.0",
            *but(head(19), 'To: "Unit 7 <sip:2001@core2.example>'),
            "Contact: <sip:1001@198.51.100.31>",
            TYPE,
            LENGTH,
            body=SDP,
        ),
        400,
    ),
    case(
        "ltgtruri",
        "3.1.2.7",
        "<> Enclosing Request-URI",
        wire("INVITE <sip:2001@core2.example> SIP/2.0", *head(20), TYPE, LENGTH, body=SDP),
        400,
    ),
    case(
        "lwsruri",
        "3.1.2.8",
        "Malformed SIP Request-URI (embedded LWS)",
        wire("INVITE sip:2001@core2.example; lr SIP/2.0", *head(21), TYPE, LENGTH, body=SDP),
        400,
    ),
    case(
        "lwsstart",
        "3.1.2.9",
        "Multiple SP Separating Request-Line Elements",
        wire("INVITE  sip:2001@core2.example  SIP/2.0", *head(22), TYPE, LENGTH, body=SDP),
        400,
    ),
    case(
        "trws",
        "3.1.2.10",
        "SP Characters at End of Request-Line",
        wire("OPTIONS sip:core2.example SIP/2.0  ", *head(23, "OPTIONS"), "Content-Length: 0"),
        400,
    ),
    case(
        "escruri",
        "3.1.2.11",
        "Escaped Headers in SIP Request-URI",
        wire(
            "INVITE sip:2001@core2.example?Route=%3Csip:core9.example%3E SIP/2.0",
            *head(24),
            TYPE,
            LENGTH,
            body=SDP,
        ),
        400,
    ),
    case(
        "baddate",
        "3.1.2.12",
        "Invalid Time Zone in Date Header Field",
        wire(
            "INVITE sip:2001@core2.example SIP/2.0",
            *head(25),
            "Date: Tue, 06 Jul 2027 09:30:00 CST",
            "Contact: <sip:1001@198.51.100.31>",
            TYPE,
            LENGTH,
            body=SDP,
        ),
        OK,
    ),
    case(
        "regbadct",
        "3.1.2.13",
        "Failure to Enclose name-addr URI in <>",
        wire(
            "REGISTER sip:core1.example SIP/2.0",
            *but(head(26, "REGISTER"), "To: sip:1001@core1.example"),
            "Contact: sip:1001@198.51.100.31?Route=%3Csip:edge.core1.example%3E",
            "l: 0",
        ),
        400,
    ),
    case(
        "badaspec",
        "3.1.2.14",
        "Spaces within addr-spec",
        wire(
            "OPTIONS sip:core2.example SIP/2.0",
            *but(head(27, "OPTIONS"), 'To: "Unit, 7" < sip:2001@core2.example >'),
            "Accept: application/sdp",
            "l: 0",
        ),
        400,
    ),
    case(
        "baddn",
        "3.1.2.15",
        "Non-token Characters in Display Name",
        wire(
            "OPTIONS sip:core2.example SIP/2.0",
            *but(
                head(28, "OPTIONS"),
                "From: Unit, Seven <sip:1001@core1.example>;tag=t28",
                "To: Unit, Eight <sip:2001@core2.example>",
            ),
            "Accept: application/sdp",
            "l: 0",
        ),
        400,
    ),
    case(
        "badvers",
        "3.1.2.16",
        "Unknown Protocol Version",
        wire(
            "OPTIONS sip:core2.example SIP/8.0",
            *but(head(29, "OPTIONS"), "Via: SIP/8.0/UDP 198.51.100.31:5060;branch=z9hG4bK-t29"),
            "l: 0",
        ),
        505,
    ),
    case(
        "mismatch01",
        "3.1.2.17",
        "Start Line and CSeq Method Mismatch",
        wire("OPTIONS sip:core2.example SIP/2.0", *head(30, "INVITE"), "l: 0"),
        400,
    ),
    case(
        "mismatch02",
        "3.1.2.18",
        "Unknown Method with CSeq Method Mismatch",
        wire("TELEPORT sip:2001@core2.example SIP/2.0", *head(31, "INVITE"), TYPE, LENGTH, body=SDP),
        400,
        (400, 405),
    ),
    case(
        "bigcode",
        "3.1.2.19",
        "Overlarge Response Code",
        wire(
            "SIP/2.0 8589934792 more than fits",
            *but(head(32), "To: <sip:2001@core2.example>;tag=t32b"),
            "Contact: <sip:2001@198.51.100.32>",
            "Content-Length: 0",
        ),
        None,
    ),
]

TRANSACTION: list[Case] = [
    case(
        "badbranch",
        "3.2.1",
        "Missing Transaction Identifier",
        wire(
            "OPTIONS sip:core2.example SIP/2.0",
            *but(head(33, "OPTIONS"), "Via: SIP/2.0/UDP 198.51.100.31;branch=z9hG4bK"),
            "l: 0",
        ),
        OK,
        (400, OK),
    ),
]

APPLICATION: list[Case] = [
    case(
        "insuf",
        "3.3.1",
        "Missing Required Header Fields",
        wire(
            "INVITE sip:2001@core2.example SIP/2.0",
            "CSeq: 34 INVITE",
            "Via: SIP/2.0/UDP 198.51.100.31;branch=z9hG4bK-t34",
            TYPE,
            f"l: {len(SDP)}",
            body=SDP,
        ),
        None,
        (None, 400),  # an answer would have nothing to be matched by
    ),
    case(
        "unkscm",
        "3.3.2",
        "Request-URI with Unknown Scheme",
        wire("OPTIONS whoHasEverSeen:such-a-thing SIP/2.0", *head(35, "OPTIONS"), "Content-Length: 0"),
        416,
        (416, OK),
    ),
    case(
        "novelsc",
        "3.3.3",
        "Request-URI with Known but Atypical Scheme",
        wire("OPTIONS coap+tcp://198.51.100.77:5683 SIP/2.0", *head(36, "OPTIONS"), "Content-Length: 0"),
        416,
        (416, OK),
    ),
    case(
        "unksm2",
        "3.3.4",
        "Unknown URI Schemes in Header Fields",
        wire(
            "REGISTER sip:core1.example SIP/2.0",
            *but(
                head(37, "REGISTER"),
                "To: urn:isbn:9780131103627",
                "From: <https://core1.example/1001>;tag=t37",
            ),
            "Contact: <news:alt.radio>",
            "l: 0",
        ),
        400,
    ),
    case(
        "bext01",
        "3.3.5",
        "Proxy-Require and Require",
        wire(
            "OPTIONS sip:core2.example SIP/2.0",
            *head(38, "OPTIONS"),
            "Require: telepathy, clairvoyance",
            "Proxy-Require: tunnelling, levitation",
            "Content-Length: 0",
        ),
        OK,
        420,
    ),
    case(
        "invut",
        "3.3.6",
        "Unknown Content-Type",
        wire(
            "INVITE sip:2001@core2.example SIP/2.0",
            *head(39),
            "Contact: <sip:1001@198.51.100.31>",
            "Content-Type: application/semaphore",
            "Content-Length: 30",
            body=b"<flags>left up, right up</flags>"[:30],
        ),
        OK,
        415,
    ),
    case(
        "regaut01",
        "3.3.7",
        "Unknown Authorization Scheme",
        wire(
            "REGISTER sip:core1.example SIP/2.0",
            *but(head(40, "REGISTER"), "To: sip:1001@core1.example"),
            "Contact: <sip:1001@198.51.100.31>",
            'Authorization: Handshake grip="firm", duration=3',
            "Content-Length: 0",
        ),
        OK,
        (401, OK),  # as if there were none: it is challenged where requests are
    ),
    case(
        "multi01",
        "3.3.8",
        "Multiple Values in Single Value Required Fields",
        wire(
            "INVITE sip:2001@core2.example SIP/2.0",
            *head(41),
            "Contact: <sip:1001@198.51.100.31>",
            "CSeq: 59 OPTIONS",
            "Call-ID: another.one@core1.example",
            "Call-ID: a.third@core1.example",
            "From: sip:1002@core1.example;tag=other",
            "To: sip:2002@core2.example",
            "Max-Forwards: 5",
            TYPE,
            "Content-Type: text/plain",
            LENGTH,
            body=SDP,
        ),
        400,
    ),
    case(
        "mcl01",
        "3.3.9",
        "Multiple Content-Length Values",
        wire(
            "OPTIONS sip:core2.example SIP/2.0",
            *head(42, "OPTIONS"),
            "Content-Length: 13",
            "Content-Length: 5",
            body=b"is it 13 or 5?",
        ),
        400,
    ),
    case(
        "bcast",
        "3.3.10",
        "200 OK Response with Broadcast Via Header Field Value",
        wire(
            "SIP/2.0 200 OK",
            *but(head(43), "To: <sip:2001@core2.example>;tag=t43b"),
            "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKall",
            "Contact: <sip:2001@198.51.100.32>",
            TYPE,
            LENGTH,
            body=SDP,
        ),
        OK,
        None,
    ),
    case(
        "zeromf",
        "3.3.11",
        "Max-Forwards of Zero",
        wire(
            "OPTIONS sip:core2.example SIP/2.0",
            *but(head(44, "OPTIONS"), "Max-Forwards: 0"),
            "Content-Length: 0",
        ),
        OK,
        (OK, 483),
    ),
    case(
        "cparam01",
        "3.3.12",
        "REGISTER with a Contact Header Parameter",
        wire(
            "REGISTER sip:core1.example SIP/2.0",
            *but(head(45, "REGISTER"), "To: sip:1001@core1.example"),
            "Contact: sip:+8610555@198.51.100.31;strange",
            "l: 0",
        ),
        OK,
    ),
    case(
        "cparam02",
        "3.3.13",
        "REGISTER with a url-parameter",
        wire(
            "REGISTER sip:core1.example SIP/2.0",
            *but(head(46, "REGISTER"), "To: sip:1001@core1.example"),
            "Contact: <sip:+8610555@198.51.100.31;strange>",
            "l: 0",
        ),
        OK,
    ),
    case(
        "regescrt",
        "3.3.14",
        "REGISTER with a URL Escaped Header",
        wire(
            "REGISTER sip:core1.example SIP/2.0",
            *but(head(47, "REGISTER"), "To: sip:1001@core1.example"),
            "Contact: <sip:1001@198.51.100.31?Route=%3Csip:edge.core1.example%3E>",
            "L:0",
        ),
        OK,
    ),
    case(
        "sdp01",
        "3.3.15",
        "Unacceptable Accept Offering",
        wire(
            "INVITE sip:2001@core2.example SIP/2.0",
            *head(48),
            "Contact: <sip:1001@198.51.100.31>",
            "Accept: text/that-nobody-writes",
            TYPE,
            LENGTH,
            body=SDP,
        ),
        OK,
        (OK, 406),
    ),
]

COMPATIBILITY: list[Case] = [
    case(
        "inv2543",
        "3.4.1",
        "INVITE with RFC 2543 Syntax",
        wire(
            "INVITE sip:2001@core2.example SIP/2.0",
            "Via: SIP/2.0/UDP 198.51.100.31",
            "From: <sip:1001@core1.example>",
            "Record-Route: <sip:2001@core2.example;maddr=core2.example>",
            "To: sip:2001@core2.example",
            "Call-ID: before-2002@core1.example",
            "CSeq: 49 INVITE",
            "Contact: <sip:1001@198.51.100.31>",
            TYPE,
            body=SDP,
        ),
        OK,
        (400, OK),  # there is nothing to tell its transaction by
        400,
    ),
    case(
        "test",
        "A",
        "No version and a line without a colon, in no section",
        wire("INVITE sip:2001@core2.example", "Via"),
        None,
    ),
]

CASES: list[Case] = [*VALID, *INVALID, *TRANSACTION, *APPLICATION, *COMPATIBILITY]
