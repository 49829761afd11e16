"""trace.html: one self-contained page of a recipe's calls: tree left, the chosen call right, search, what it cost."""

from __future__ import annotations

import json
from pathlib import Path

from drillyard.oversight.recipes.calls import Trace
from drillyard.records.files import write_atomically
from drillyard.records.pages import fill

__all__ = ["render_trace", "write_trace_page"]


def render_trace(trace: Trace, title: str = "Trace") -> bytes:
    """Return the page. Calls travel as JSON that no text in them can leave, and are drawn when they are opened."""
    rows = [
        [c.parent, c.kind[0], c.name, c.agent, c.asked, c.answered, c.tokens, c.prompt_tokens, round(c.cost, 6),
         round(c.began, 4), round(c.seconds, 4), c.tries, int(c.kept), c.error]
        for c in trace.calls
    ]  # fmt: skip
    data = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    asks = [call for call in trace.calls if call.kind == "ask"]
    failed = sum(bool(call.error) for call in asks)
    summary = f"{len(asks):,} questions to {len({call.agent for call in asks})} agents, {trace.tokens:,} tokens"
    summary += f", {failed} without an answer" if failed else ""
    return fill("oversight", "trace.html.j2", title=title, summary=summary, data=data).encode()


def write_trace_page(trace: Trace, path: Path, title: str = "Trace") -> None:
    """Write the page. Raises `BadInput` where nothing can be written."""
    write_atomically(path, render_trace(trace, title))
