"""MESSAGEs: short data, the orders of a dispatcher, and those that come."""

from opentcf.btrunc import extension as wire_extension
from opentcf.btrunc.data import BINARY, encode
from opentcf.btrunc.extension import Params
from opentcf.btrunc.wire import Param, Token
from opentcf.sip.transaction import Outcome
from opentcf.terminal import messages
from opentcf.terminal.control import Control, Order
from opentcf.terminal.event import Event, Page
from opentcf.terminal.line import Line

PURPOSE = "page "
"""Before the key of a MESSAGE of ours."""


class Pages:
    """What we send has a key; its result is an event `delivered` or `refused` whose `page` has the same."""

    def __init__(self, line: Line, control: Control) -> None:
        self._line = line
        self._control = control

    def short_data(self, to: str, content: str | bytes, msgid: str, *, group: bool, charset: str) -> str:
        """To a user, or to a group; the msgid is the key."""
        line = self._line
        uri, msgid = messages.uri_of(to, line.user.domain), msgid or line.ids.token()
        kind, body = (BINARY, content) if isinstance(content, bytes) else encode(content, charset)
        params = messages.short_data(line.wire, msgid, group=group)
        return self.send(uri, Token.MESSAGE, params, body, kind, msgid)

    def order(self, order: Order) -> str:
        """One of a dispatcher; results of a regroup or video forward bear the key as their msgid."""
        key = self._line.ids.token()
        named = ((Param.MESSAGE_ID, key),) if order.token in (Token.REGROUP, Token.VIDEO_FORWARD) else ()
        return self.send(order.uri, order.token, (*order.params, *named), order.body, order.content_type, key)

    def send(
        self, uri: str, token: Token, params: Params, body: bytes = b"", content_type: str = "", key: str = ""
    ) -> str:
        """Any MESSAGE; returns its key."""
        line, key = self._line, key or self._line.ids.token()
        if self._control.barred:
            page = Page(key=key, msgid=key)
            line.events.append(Event("refused", None, 403, self._control.state.value, page))
            return key
        request = line.new("MESSAGE", uri, f"<{uri}>")
        extension = "" if line.plain else wire_extension.render(line.wire, token, *params)
        messages.fill(request, extension, line.wire, body, content_type)
        line.send(request, PURPOSE + key)
        return key

    def answered(self, result: Outcome) -> None:
        """What became of one of ours."""
        key = result.owner.purpose.removeprefix(PURPOSE)
        self._line.events.append(
            messages.result(result, key, self._line.wire, self._line.why(result.response))
        )
