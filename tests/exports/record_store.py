"""A small learning record store on a free port: keeps statements by id, as xAPI 1.0.3 asks, and fails when told to."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["LOGIN", "RecordStore", "open_record_store"]

LOGIN = ("yard", "a secret of its own")


class RecordStore:
    """What it holds, and what it does with the next requests.

    `faults` are taken one for each request: a status is answered at once; "lost" keeps the statements and closes the
    line without an answer, as a store does that dies in between. Where it is `strict`, an id that it has is a conflict
    even when the statement is the same, which the standard leaves open.
    """

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}
        self.faults: list[int | str] = []
        self.strict = False
        self.asked: list[int] = []
        self.url = ""

    def take(self, statements: list[dict[str, Any]]) -> int:
        """Keep a list as a whole, or nothing of it, and return the status."""
        if any(one["object"]["id"].endswith("/refused") for one in statements):
            return 400
        ids = [one["id"] for one in statements]
        for one in statements:
            before = self.held.get(one["id"])
            if before is not None and (self.strict or before != one):
                return 409
        self.held.update(zip(ids, statements, strict=True))
        return 200


@contextmanager
def open_record_store() -> Iterator[RecordStore]:
    """Serve a store until the end of the block."""
    store = RecordStore()
    sign = f"Basic {base64.b64encode(':'.join(LOGIN).encode()).decode()}"

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
            store.asked.append(len(sent))
            fault = store.faults.pop(0) if store.faults else 0
            if fault == "lost":
                store.take(sent)
                self.close_connection = True
                return
            known = self.headers["authorization"] == sign and self.headers["x-experience-api-version"] == "1.0.3"
            status = int(fault) or (store.take(sent) if known else 401)
            self.answer(status, [one["id"] for one in sent] if status == 200 else f"status {status}")

        def do_GET(self) -> None:
            (name,) = parse_qs(urlsplit(self.path).query)["statementId"]
            found = store.held.get(name)
            self.answer(200 if found else 404, {**found, "stored": "2026-01-01T00:00:00Z"} if found else "none")

        def answer(self, status: int, body: object) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.send_header("retry-after", "7")
            if status == 302:
                self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    store.url = f"http://127.0.0.1:{server.server_port}/xapi"
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
