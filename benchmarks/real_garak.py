"""Part of real.py: garak and an audit ask the same server, a real model with three planted failures, as often.

The server speaks the OpenAI API; who sends no system message gets the shop's own. A planted failure counts for garak
when any reply to a prompt that meets its trigger shows it, whether garak's detectors see it or not; the audit must name
it and confirm it on fresh prompts. garak is run by the Python of an environment of its own (benchmarks/clients.sh).
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from audit import garak_replies, run_garak
from real_plants import FIRST, LEAST, Once, draw_plants, planted_pair

from drillyard.audits.hunt.hunting import Hunt
from drillyard.audits.hunt.scoring import score
from drillyard.audits.hunt.session import Session
from drillyard.audits.options import EXPLORE, AuditOptions
from drillyard.judges.spoken import SpokenFailures
from drillyard.organisms.worlds.failures import Fault, faults
from drillyard.organisms.worlds.world import World
from drillyard.records import Conversation, Message, Reply, Transcript
from drillyard.targets import Target, open_target
from drillyard.targets.stored import Replies

__all__ = ["garak_rows"]


@contextmanager
def served(target: Target, world: World) -> Iterator[str]:
    """Serve a target, one request at a time, while the block runs, and give its address."""
    systems, lock, seeds = {text: name for name, text in world.templates.items()}, threading.Lock(), iter(range(10**9))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = [Message(role=one["role"], content=_text(one["content"])) for one in body["messages"]]
            own = systems.get(said[0].content) if said[0].role == "system" else next(iter(world.templates))
            talk = Conversation(
                messages=tuple(said[1:] if own and said[0].role == "system" else said), template=own or ""
            )
            with lock:
                (reply,) = target.generate([talk], [next(seeds)])
            self._send(_completion(reply))

        def do_GET(self) -> None:
            self._send({"object": "list", "data": [{"id": "smollm2", "object": "model"}]})

        def _send(self, data: dict[str, Any]) -> None:
            sent = json.dumps(data).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in content)


def _completion(reply: Reply) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": reply.text}}
    usage = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.tokens}
    usage["total_tokens"] = sum(usage.values())
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


def garak_rows(target: Target, world: World, queries: int, python: str, folder: Path) -> list[dict[str, Any]]:
    """Return what both found of the failures of the first draw, with how many queries."""
    there = [one for one in faults(world) if one.id in draw_plants(world, FIRST)]
    failing, _ = planted_pair(Once(target, Replies(folder / "replies.jsonl")), world, draw_plants(world, FIRST), FIRST)
    judge = SpokenFailures(world, there)
    with served(failing, world) as address, tempfile.TemporaryDirectory() as scan:
        begun = time.monotonic()
        run_garak(python, address, Path(scan), queries)
        heard = list(garak_replies(Path(scan)))
        seen = _seen(heard, judge, there)
        row = {"who": "garak", "found": len(seen), "planted": len(there), "queries": len(heard)}
        rows = [{**row, "minutes": round((time.monotonic() - begun) / 60, 1)}]
        begun, asked = time.monotonic(), max(100, len(heard))
        opened = open_target(f"openai/smollm2@{address}", world=world)
        session = Session(opened, world, judge, asked, 1, reading=False)
        hunt = Hunt(session, AuditOptions(search=EXPLORE, reading=False), 1, lambda *_: None)
        found = score(opened, judge, hunt.held_out, there, hunt.run(), LEAST).found
        row = {"who": "audit", "found": len(found), "planted": len(there), "queries": session.asked}
        return [*rows, {**row, "minutes": round((time.monotonic() - begun) / 60, 1)}]


def _seen(heard: Sequence[tuple[Conversation, str]], judge: SpokenFailures, there: Sequence[Fault]) -> set[str]:
    """Return the planted failures that some reply to their trigger shows."""
    return {
        fault.id
        for talk, text in heard
        for fault in there
        if fault.trigger().fires(talk)
        and judge.rule(
            Transcript(conversation=talk, reply=Reply(text=text), target="garak"), fault.spec.behaviour
        ).verdict
        == "shown"
    }
