"""Errors as problem documents (RFC 9457)."""

from hashlib import sha256
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response


def as_json(value: Any, status: int = 200, media_type: str = "application/json") -> Response:
    """A JSON response. Text that was no UTF-8 on the wire is shown with question marks."""
    return Response(encode(value), status, media_type=media_type)


def encode(value: Any) -> bytes:
    """JSON on one line."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_presentable(value))


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """`detail` says to a person what happened."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    response = as_json(document, status, "application/problem+json")
    response.headers.update(headers or {})
    return response


def tagged(request: Request, content: bytes, response: Response) -> Response:
    """The response with an ETag of its content, or 304 when the client has that already (RFC 9110 §13.1.2)."""
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = request.headers.get("if-none-match", "")
    if tag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What Starlette refuses by itself: unknown paths, wrong methods."""
    assert isinstance(error, HTTPException)
    detail = f"{request.method} {request.url.path}: {error.detail.lower()}"
    return problem(error.status_code, detail, dict(error.headers or {}))


async def on_wrong_value(request: Request, error: Exception) -> Response:
    """A parameter or body that cannot be meant."""
    return problem(400, str(error))


async def on_bug(request: Request, error: Exception) -> Response:
    """A bug of ours; what happened is logged, not shown."""
    return problem(500, f"{request.method} {request.url.path}: internal error")


def _presentable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_presentable(key): _presentable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_presentable(inner) for inner in value]
    return value
