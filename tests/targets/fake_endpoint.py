"""A server of the OpenAI API that answers as a test says: real HTTP on a free port."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["QUIET", "Answer", "Server", "running", "said"]

Answer = Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]
QUIET = {"timeout": 20.0, "retries": 0}


def said(text: str, finish: str = "stop") -> dict[str, Any]:
    """Return a chat completion as a server sends it."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


class Server:
    """A real HTTP server on a free port; `answer` says what it sends, `asked` holds what it was sent."""

    def __init__(self) -> None:
        self.answer: Answer = lambda asked: (200, said(json.dumps(asked, sort_keys=True)))
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.accounts: list[str] = []
        self.headers: dict[str, str] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(body)
                outer.keys.append(self.headers["Authorization"])
                outer.accounts.append(self.headers["OpenAI-Organization"] or self.headers["OpenAI-Project"] or "")
                status, answer = outer.answer(body)
                sent = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        self.thread = threading.Thread(target=self.http.serve_forever)
        self.thread.start()

    def target(self, **options: Any) -> Any:
        """Return a target of the model `m` on this server."""
        from drillyard.targets.endpoint_openai import open_endpoint

        return open_endpoint(f"openai/m@{self.url}", **{"world": "helpdesk", **QUIET, **options})


@contextmanager
def running() -> Iterator[Server]:
    """Run a server while the block runs."""
    started = Server()
    try:
        yield started
    finally:
        started.http.shutdown()
        started.http.server_close()
        started.thread.join()
