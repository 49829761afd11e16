"""Refusals in the form that OpenAI's clients know: {"error": {"message", "type", "param", "code"}}."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError
from starlette.responses import JSONResponse

__all__ = ["Refusal", "refusal_of"]

_EXPECTED: Mapping[str, str] = {
    "prompt": "a text, a list of texts, a list of token ids, or a list of lists of token ids",
    "stop": "a text that is not empty, or a list of at most 16",
    "content": "a text, or a list of parts of the type text",
}
"""What fields of several types take; a type's own message would name only one of them."""


class Refusal(Exception):
    """A request that is not answered; `param` names the field that is to blame."""

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400, kind: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        kind = kind or ("server_error" if status >= 500 else "invalid_request_error")
        self.data = {"error": {"message": message, "type": kind, "param": param, "code": code}}

    def response(self) -> JSONResponse:
        """Return it as it goes over the wire."""
        headers = {"www-authenticate": "Bearer"} if self.status == 401 else None
        return JSONResponse(self.data, self.status, headers)


def refusal_of(error: ValidationError) -> Refusal:
    """Turn the first complaint about a body into a refusal that names the field."""
    first = error.errors(include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return Refusal(f"the body is no JSON: {first['msg']}", code="invalid_json")
    path = [part for part in first["loc"] if isinstance(part, int) or part.isidentifier()]
    field = next((part for part in reversed(path) if part in _EXPECTED), None)
    if field is not None:
        path = path[: path.index(field) + 1]
    param = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or None
    if first["type"] == "missing":
        return Refusal(f"{param} is missing", param=param, code="missing_required_parameter")
    words = f"expected {_EXPECTED[str(field)]}" if field is not None else first["msg"]
    return Refusal(f"{param or 'the body'}: {words}", param=param, code="invalid_value")
