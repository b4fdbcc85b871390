"""Messages as they pass this interface; what the unit tests truncate and the fuzz tests damage."""


def message(*lines: str, body: bytes = b"") -> bytes:
    """Lines and a body as the bytes of a message; Content-Length is added."""
    head = "".join(f"{line}\r\n" for line in (*lines, f"Content-Length: {len(body)}"))
    return head.encode() + b"\r\n" + body


SDP = (
    b"v=0\r\no=- 5001 1 IN IP4 192.0.2.11\r\ns=-\r\nc=IN IP4 192.0.2.11\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=sendrecv\r\n"
)
SDP_VIDEO = (
    b"v=0\r\no=cam 7 42 IN IP6 2001:db8::7\r\ns=push\r\nt=0 0\r\na=sendonly\r\n"
    b"m=audio 0 RTP/AVP 0\r\nm=video 50000/2 RTP/AVPF 96\r\nc=IN IP6 2001:db8::7\r\na=rtpmap:96 H264/90000\r\n"
)
MEMBERS = (
    b'<pttmembershipinfo udn="2001@core2.example">'
    b'<group gdn="8001" domain="core1.example" name="\xe6\xb6\x88\xe9\x98\xb2" priority="255"/></pttmembershipinfo>'
)
NONCE = "0019f2c0a1b3d4e5f60718293a4b5c6d7e8f90a1b2c3"
AUTHORIZATION = (
    f'Digest username="1001", realm="core1.example", nonce="{NONCE}", uri="sip:core1.example", '
    f'response="{"0123456789abcdef" * 4}", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="8d1f", opaque=""'
)

REQUESTS: dict[str, bytes] = {
    "invite": message(
        "INVITE sip:2001@core2.example SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK77asjd8f9s;rport",
        "Max-Forwards: 69",
        'From: "Engine 1" <sip:1001@core1.example>;tag=9fxced76sl',
        "To: <sip:2001@core2.example>",
        "Call-ID: 3848276298220188511@core1.example",
        "CSeq: 2 INVITE",
        "Contact: <sip:tcf@192.0.2.11:5060>",
        'P-Asserted-Identity: "Engine 1" <sip:1001@core1.example>, <tel:+1001;phone-context=core1.example>',
        'Ptt-Extension: pttcall;calltype=1;duplex=1;PrioAttribute=100;callerUDN="1001@core1.example";OnlineCallID=ab12',
        "Session-Expires: 1800;refresher=uac",
        "Min-SE: 90",
        "Supported: timer, 100rel",
        "Allow: INVITE, ACK, CANCEL, BYE, INFO, OPTIONS, MESSAGE",
        "Content-Type: application/sdp",
        body=SDP,
    ),
    "reinvite": message(
        "INVITE sip:tcf@192.0.2.11:5060 SIP/2.0",
        "v: SIP/2.0/TCP [2001:db8::22]:5061;branch=z9hG4bKn, SIP/2.0/UDP p.example;branch=z9hG4bKm;received=192.0.2.9",
        "Route: <sip:p1.example;lr>, <sip:p2.example;lr>",
        "Max-Forwards: 70",
        "f: <sip:2001@core2.example>;tag=314159",
        't: "Engine 1" <sip:1001@core1.example>;tag=9fxced76sl',
        "i: 3848276298220188511@core1.example",
        "CSeq: 102 INVITE",
        "m: <sip:2001@[2001:db8::22]:5061;transport=tcp>",
        "Ptt-Extension: pttrequest;UDN=2001;PrioAttribute=5",
        "x: 1800;refresher=uas",
        "k: timer",
        "c: application/sdp",
        body=SDP_VIDEO,
    ),
    "ack": message(
        "ACK sip:tcf@192.0.2.22:5060 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKack1;rport",
        "Max-Forwards: 70",
        "From: <sip:1001@core1.example>;tag=9fxced76sl",
        "To: <sip:2001@core2.example>;tag=314159",
        "Call-ID: 3848276298220188511@core1.example",
        "CSeq: 2 ACK",
    ),
    "bye": message(
        "BYE sip:tcf@192.0.2.22:5060 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKbye1;rport",
        "Max-Forwards: 70",
        "From: <sip:1001@core1.example>;tag=9fxced76sl",
        "To: <sip:2001@core2.example>;tag=314159",
        "Call-ID: 3848276298220188511@core1.example",
        "CSeq: 3 BYE",
        'Reason: SIP;cause=486, preemption;cause=1;text="pre-empted"',
        "Ptt-Extension: pttrelease;cause=8",
    ),
    "cancel": message(
        "CANCEL sip:2001@core2.example SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK77asjd8f9s;rport",
        "Max-Forwards: 70",
        "From: <sip:1001@core1.example>;tag=9fxced76sl",
        "To: <sip:2001@core2.example>",
        "Call-ID: 3848276298220188511@core1.example",
        "CSeq: 2 CANCEL",
        "Ptt-Extension: pttrelease;cause=18;optype=pttcall",
    ),
    "register": message(
        "REGISTER sip:core1.example SIP/2.0",
        "Via: SIP/2.0/TLS phone.example;branch=z9hG4bKr1",
        "Max-Forwards: 70",
        "From: sip:1001@core1.example;tag=r1",
        "To: sip:1001@core1.example",
        "Call-ID: reg-1001",
        "CSeq: 7 REGISTER",
        "Contact: <sip:1001@192.0.2.31:5060;ob>;expires=600;q=0.5",
        f"Authorization: {AUTHORIZATION}",
        "P-Visited-Network-ID: core2.example",
        "Ptt-Extension: pttregister;regtype=initial",
        "Expires: 600",
    ),
    "heartbeat": message(
        "OPTIONS sip:core2.example SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKhb;rport",
        "Max-Forwards: 70",
        "From: <sip:core1.example>;tag=hb",
        "To: <sip:core2.example>",
        "Call-ID: hb-1",
        "CSeq: 31 OPTIONS",
        "Ptt-Extension: pttheartbeat;epoch=5f3a",
        "Accept: application/sdp",
    ),
    "message": message(
        "MESSAGE sip:2001@core2.example SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKms;rport",
        "Max-Forwards: 70",
        "From: 一号车 <sip:1001@core1.example>;tag=ms",
        "To: <sip:2001@core2.example>",
        "Call-ID: ms-1",
        "CSeq: 1 MESSAGE",
        "Ptt-Extension: pttmsg;msgtype=1;msgid=m77",
        "Content-Type: text/plain;charset=UTF-8",
        body="收到，出动".encode(),
    ),
    "members": message(
        "MESSAGE sip:core2.example SIP/2.0",
        "Via: SIP/2.0/TCP 192.0.2.11:5060;branch=z9hG4bKgu;rport",
        "Max-Forwards: 70",
        "From: <sip:8001@core1.example>;tag=gu",
        "To: <sip:2001@core2.example>",
        "Call-ID: gu-1",
        "CSeq: 1 MESSAGE",
        "Ptt-Extension: pttgroupupdate;version=12",
        "Content-Type: application/pttmembershipinfo+xml",
        body=MEMBERS,
    ),
    "subscribe": message(
        "SUBSCRIBE sip:core1.example SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.77:5062;branch=z9hG4bKsu;rport",
        "Max-Forwards: 70",
        "From: <sip:1005@core1.example>;tag=su",
        "To: <sip:core1.example>",
        "Call-ID: su-1",
        "CSeq: 2 SUBSCRIBE",
        "Contact: <sip:1005@192.0.2.77:5062>",
        "Event: UERegisterStatus;id=4",
        "Accept: application/pttuereginfo+xml",
        "Expires: 600",
        "Ptt-Extension: pttsubscribe;utype=1",
    ),
    "notify": message(
        "NOTIFY sip:1005@192.0.2.77:5062 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.11:5070;branch=z9hG4bKno;rport",
        "Max-Forwards: 70",
        "From: <sip:core1.example>;tag=no",
        "To: <sip:1005@core1.example>;tag=su",
        "Call-ID: su-1",
        "CSeq: 7 NOTIFY",
        "Contact: <sip:192.0.2.11:5070>",
        "Event: UERegisterStatus;id=4",
        "Subscription-State: active;expires=412",
        "Content-Type: application/pttuereginfo+xml",
        body=b'<pttuereginfo version="6" state="partial">'
        b'<ue udn="1001@core1.example" state="registered" visited="core2.example"/></pttuereginfo>',
    ),
    "info": message(
        "INFO sip:tcf@192.0.2.22:5060 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKin;rport",
        "Max-Forwards: 70",
        "From: <sip:8001@core1.example>;tag=g1",
        "To: <sip:core2.example>;tag=v1",
        "Call-ID: group-8001-9",
        "CSeq: 12 INFO",
        "Info-Package: ptt-floor",
        "Ptt-Extension: pttinfo;Alerttype=taken;UDN=1001",
    ),
}
RESPONSES: dict[str, bytes] = {
    "ringing": message(
        "SIP/2.0 180 Ringing",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK77asjd8f9s;rport=5060;received=192.0.2.11",
        'From: "Engine 1" <sip:1001@core1.example>;tag=9fxced76sl',
        "To: <sip:2001@core2.example>;tag=314159",
        "Call-ID: 3848276298220188511@core1.example",
        "CSeq: 2 INVITE",
        "Contact: <sip:tcf@192.0.2.22:5060>",
        "Record-Route: <sip:p2.example;lr>, <sip:p1.example;lr>",
    ),
    "ok": message(
        "SIP/2.0 200 OK",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK77asjd8f9s;rport=5060;received=192.0.2.11",
        'From: "Engine 1" <sip:1001@core1.example>;tag=9fxced76sl',
        "To: <sip:2001@core2.example>;tag=314159",
        "Call-ID: 3848276298220188511@core1.example",
        "CSeq: 2 INVITE",
        "Contact: <sip:tcf@192.0.2.22:5060>",
        "Require: timer",
        "Session-Expires: 1800;refresher=uac",
        "Ptt-Extension: pttaccept;UDN=1001;duration=60;grant=4",
        "Content-Type: application/sdp",
        body=SDP,
    ),
    "unauthorized": message(
        "SIP/2.0 401 Unauthorized",
        "Via: SIP/2.0/TLS phone.example;branch=z9hG4bKr1;received=192.0.2.31",
        "From: sip:1001@core1.example;tag=r1",
        "To: sip:1001@core1.example;tag=c1",
        "Call-ID: reg-1001",
        "CSeq: 7 REGISTER",
        f'WWW-Authenticate: Digest realm="core1.example", nonce="{NONCE}", algorithm=SHA-256, qop="auth"',
        f'WWW-Authenticate: Digest realm="core1.example", nonce="{NONCE}", algorithm=MD5, qop="auth", stale=true',
    ),
    "registered": message(
        "SIP/2.0 200 OK",
        "Via: SIP/2.0/TLS phone.example;branch=z9hG4bKr1;received=192.0.2.31",
        "From: sip:1001@core1.example;tag=r1",
        "To: sip:1001@core1.example;tag=c1",
        "Call-ID: reg-1001",
        "CSeq: 7 REGISTER",
        "Contact: <sip:1001@192.0.2.31:5060;ob>;expires=600, <sip:1001@198.51.100.3>;expires=20",
        "Content-Type: application/pttmembershipinfo+xml",
        body=MEMBERS,
    ),
    "terminated": message(
        "SIP/2.0 487 Request Terminated",
        "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK77asjd8f9s;rport=5060;received=192.0.2.11",
        'From: "Engine 1" <sip:1001@core1.example>;tag=9fxced76sl',
        "To: <sip:2001@core2.example>;tag=314159",
        "Call-ID: 3848276298220188511@core1.example",
        "CSeq: 2 INVITE",
        "Reason: SIP;cause=487",
        'Warning: 399 core2.example "the caller gave up"',
        "Retry-After: 10 (soon);duration=30",
    ),
}
ALL = REQUESTS | RESPONSES
