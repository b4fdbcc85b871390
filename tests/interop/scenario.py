"""A scenario of sipp's, composed step by step: what one side of a dialog says and hears, in order."""

from pathlib import Path

_SDP = """\
v=0
o=sipp 53655765 {version} IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio 20000 RTP/AVP 8
a=rtpmap:8 PCMA/8000
a={direction}"""
_VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK-g-[pid]-[call_number]-{n};rport"
_CONTACT = "Contact: <sip:[local_ip]:[local_port];transport=[transport]>"
_REMEMBER = """
    <action>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="1"/>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="2"/>
    </action>
  """


class Scenario:
    """`calls` once `invite` or `message` began it; else it waits to be called, and learns the dialog from the ACK."""

    def __init__(self) -> None:
        self.calls = False
        self._steps: list[str] = []
        self._cseq = 0
        self._number = 0
        self._version = 0
        self._labels = 0
        self._established = False
        self._learnt = False
        self._ends = ("From:[$1]", "To:[$2]")

    # --- to begin

    def invite(
        self, called: str, caller: str, extension: str, direction: str = "sendrecv", *, uri: str = ""
    ) -> "Scenario":
        """INVITE to a group or a user; `uri` where that is not his number."""
        self._begin(called, caller)
        return self._request("INVITE", uri or f"sip:{called}", extension, direction, to=f"To: <sip:{called}>")

    def message(self, user: str, sender: str, extension: str, content_type: str, body: str) -> "Scenario":
        """A MESSAGE on its own."""
        self._begin(user, sender)
        lines = [f"Content-Type: {content_type}", f"Ptt-Extension: {extension}"]
        return self._request("MESSAGE", f"sip:{user}", to=f"To: <sip:{user}>", more=lines, body=body)

    def _begin(self, called: str, caller: str) -> None:
        self.calls = True
        self._ends = (f"From: <sip:{caller}>;tag=[pid]t[call_number]", f"To: <sip:{called}>[peer_tag_param]")
        self._asserted = f"P-Asserted-Identity: <sip:{caller}>"

    # --- what is heard

    def hear(self, *what: str | int) -> "Scenario":
        """Messages in this order: a method, or a status before which a 100 may come."""
        for one in what:
            if isinstance(one, int):
                self._steps.append('<recv response="100" optional="true"/>')
                self._steps.append(f'<recv response="{one}"{self._route()}/>')
            else:
                self._hear_request(one)
        return self

    def _hear_request(self, method: str) -> None:
        learns = method == "ACK" and not self.calls and not self._established
        self._learnt = self._learnt or learns
        self._established = self._established or learns
        inner = f">{_REMEMBER}</recv>" if learns else "/>"
        route = self._route() if method == "INVITE" else ""
        self._steps.append(f'<recv request="{method}"{route}{inner}')

    def _route(self) -> str:
        return "" if self._established else ' rrs="true"'

    # --- what is said

    def say(
        self, method: str, extension: str, direction: str = "", *, reason: str = "", body: str = ""
    ) -> "Scenario":
        """A request within the dialog; `body` instead of a description that is right."""
        more = [f"Reason: {reason}"] if reason else []
        return self._request(method, "[next_url]", extension, direction, more=more, body=body)

    def cancel(self, group: str, extension: str) -> "Scenario":
        """CANCEL of the first INVITE."""
        lines = [f"Ptt-Extension: {extension}", "Reason: SIP;cause=487"]
        return self._send("CANCEL", f"sip:{group}", self._cseq, self._number, f"To: <sip:{group}>", lines)

    def ack(self, *, refused: bool = False) -> "Scenario":
        """ACK of the last INVITE; after a refusal it belongs to the same transaction (RFC 3261 §17.1.1.3)."""
        number = self._number if refused else self._number * 100
        return self._send("ACK", "[next_url]", self._cseq, number, self._ends[1], retransmit=False)

    def pause(self, milliseconds: int) -> "Scenario":
        """As long as what goes on elsewhere takes."""
        self._steps.append(f'<pause milliseconds="{milliseconds}"/>')
        return self

    def trying(self) -> "Scenario":
        """Hear 100."""
        self._steps.append('<recv response="100"/>')
        return self

    def answer_cancelled(self) -> "Scenario":
        """200 to the CANCEL that was heard last, 487 to its INVITE; then ACK comes."""
        self.answer(200)
        self.answer(487)
        self._steps[-1] = self._steps[-1].replace("[last_CSeq:]", "CSeq: 1 INVITE")
        self._steps.append('<recv request="ACK"/>')
        return self

    def answer(self, status: int, extension: str = "", direction: str = "") -> "Scenario":
        """Answer the request that was heard last."""
        tag = "" if self._established or self.calls else ";tag=[pid]a[call_number]"
        lines = [f"SIP/2.0 {status} said", "[last_Via:]", "[last_Record-Route:]", "[last_From:]"]
        lines += [f"[last_To:]{tag}", "[last_Call-ID:]", "[last_CSeq:]", _CONTACT]
        if extension:
            lines.append(f"Ptt-Extension: {extension}")
        self._put(lines, self._describe(direction), "")
        return self

    def inform(self, count: int = 1) -> "Scenario":
        """Hear so many INFOs, and answer each."""
        for _ in range(count):
            self.hear("INFO").answer(200)
        return self

    def informed_until(self, method: str) -> "Scenario":
        """Answer any number of INFOs, until that request comes."""
        self._labels += 2
        again, done = self._labels - 1, self._labels
        self._steps.append(f'<label id="{again}"/>')
        self._steps.append(f'<recv request="{method}" optional="true" next="{done}"/>')
        self.hear("INFO").answer(200)
        self._steps[-1] = self._steps[-1].replace("<send", f'<send next="{again}"', 1)
        self._steps.append(f'<label id="{done}"/>')
        return self

    # --- inside

    def _request(
        self,
        method: str,
        uri: str,
        extension: str = "",
        direction: str = "",
        *,
        to: str = "",
        more: list[str] | None = None,
        body: str = "",
    ) -> "Scenario":
        self._cseq += 1
        self._number += 1
        lines = list(more or [])
        if extension:
            lines.append(f"Ptt-Extension: {extension}")
        if to:
            lines.append(self._asserted)
        if method == "INVITE":
            lines.append(_CONTACT)
        text = body or self._describe(direction)
        return self._send(method, uri, self._cseq, self._number, to or self._ends[1], lines, text)

    def _send(
        self,
        method: str,
        uri: str,
        cseq: int,
        number: int,
        to: str,
        more: list[str] | None = None,
        body: str = "",
        *,
        retransmit: bool = True,
    ) -> "Scenario":
        lines = [f"{method} {uri} SIP/2.0", _VIA.format(n=number), self._ends[0], to, "Call-ID: [call_id]"]
        lines += [f"CSeq: {cseq} {method}", "Max-Forwards: 70", *(more or [])]
        self._put(lines, body, ' retrans="500"' if retransmit else "")
        return self

    def _describe(self, direction: str) -> str:
        if not direction:
            return ""
        self._version += 1
        return _SDP.format(version=self._version, direction=direction)

    def _put(self, lines: list[str], body: str, attributes: str) -> None:
        if body.startswith("v="):
            lines.append("Content-Type: application/sdp")
        head = "\n      ".join([*lines, "Content-Length: [len]"])
        text = "\n      ".join(body.splitlines())
        self._steps.append(f"<send{attributes}><![CDATA[\n\n      {head}\n\n      {text}\n\n    ]]></send>")

    def write(self, path: Path) -> Path:
        """As sipp reads it."""
        used = '<Reference variables="1,2"/>' if self._learnt else ""
        steps = "\n  ".join([*self._steps, used])
        path.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="composed">\n  {steps}\n</scenario>\n'
        )
        return path
