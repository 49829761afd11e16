"""A visitor with a browser that has no screen."""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.testclient import TestClient

from drillyard.planning.questions import AnyQuestion, OrderQuestion

__all__ = ["Visit", "Visitor", "fields_of"]


class Visitor:
    """Somebody at the yard: signs in, opens pages, and sends forms with the token that the page gave."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.page = ""

    def sign_in(self, code: str) -> Visitor:
        """Sign in with a code."""
        self.get("/sign-in")
        self.send("/sign-in", code=code)
        return self

    def get(self, path: str, expect: int = 200) -> str:
        """Open a page."""
        response = self.client.get(path)
        assert response.status_code == expect, response.text
        self.page = response.text
        return self.page

    def send(self, path: str, expect: int = 200, files: object = None, **fields: object) -> str:
        """Send a form from the page that is open."""
        token = re.search(r'name="csrf" value="(\w+)"', self.page)
        assert token, "the open page has no form"
        response = self.client.post(path, data={"csrf": token[1], **fields}, files=files)
        assert response.status_code == expect, response.text
        self.page = response.text
        return self.page

    def upload(self, here: str, file: tuple[str, bytes] | tuple[str, bytes, str]) -> str:
        """Upload a file that checks out, and hand in what the look back shows of it."""
        self.send(f"{here}/upload", files={"file": file})
        return self.hand_in(here)

    def hand_in(self, here: str) -> str:
        """Press the button of the look back at a file, which is open."""
        (digest,) = re.findall(r'name="upload" value="(\w{64})"', self.page)
        return self.send(f"{here}/submit", upload=digest)


Visit = Callable[..., Visitor]


def fields_of(question: AnyQuestion, answer: str) -> list[str]:
    """Return what is typed into the fields of a question's form to give an answer."""
    places = answer.split(" ")
    shown = question.shown if isinstance(question, OrderQuestion) else ()
    return [str(1 + places.index(str(step))) for step in shown] or places
