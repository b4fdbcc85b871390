"""A message is asked everything, answered, written and read again."""

from contextlib import suppress

from tests.sip.decode import more_questions, questions, verdict

from opentcf.sip.errors import RemoteError
from opentcf.sip.framing import Framer
from opentcf.sip.headers import NameAddr, Via
from opentcf.sip.message import Message, Request, Response
from opentcf.sip.parse import Malformed, parse
from opentcf.sip.render import render
from opentcf.sip.uri import Uri


def exercise(data: bytes) -> None:
    """Ask everything there is to ask."""
    for stream in (False, True):
        try:
            message = parse(data, stream=stream)
        except Malformed as error:
            answer(error.request, error.status)
        except RemoteError:
            pass
        else:
            decode(message)
            assert shown(parse(render(message), stream=True)) == shown(message)
            if isinstance(message, Request):
                answer(message, 400)
    frame(data)


def decode(message: Message) -> None:
    """No line that came in, and nothing that was decoded and is written again, can end a line."""
    asked = message.headers.fields.copy()
    assert not any({"\r", "\n"} & set(line) for lines in asked.values() for line in lines)
    for question in (*questions(message), *more_questions(message)):
        with suppress(RemoteError):
            found = question()
            for value in found if isinstance(found, list) else [found]:
                if isinstance(value, NameAddr | Uri | Via):
                    assert not {"\r", "\n"} & set(str(value))
    assert message.headers.fields == asked


def answer(request: Request, status: int) -> None:
    """Whatever can be answered has an answer that can be read."""
    response = parse(render(request.respond(status, "tag")), stream=True)
    assert isinstance(response, Response)
    assert response.headers.lines("Via") == request.headers.lines("Via")


def shown(message: Message) -> tuple[object, ...]:
    """What must survive being written and read."""
    start = (message.method, message.uri) if isinstance(message, Request) else (message.status,)  # type: ignore[attr-defined]
    fields = {name: lines for name, lines in message.headers.fields.items() if name != "Content-Length"}
    return (*start, fields, message.body)


def frame(data: bytes) -> None:
    """In three pieces over a stream; a message that is framed can be taken whole."""
    framer, third = Framer(), len(data) // 3 + 1
    with suppress(RemoteError):
        for at in range(0, len(data), third):
            for message in framer.feed(data[at : at + third]):
                verdict(message, stream=True)
