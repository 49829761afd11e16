"""The book of a case's prompts: collects them while logs are read, then says which template each one is of."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import NamedTuple

from drillyard.incidents.prompts.infer import Skeleton, find_skeletons, match
from drillyard.incidents.prompts.split import split
from drillyard.incidents.row import Segment, Template, segment_hash

__all__ = ["Prompt", "PromptBook"]


class Prompt(NamedTuple):
    """A prompt as rows have it: what the log calls it, its system messages, and whether variables are marked."""

    template_id: str
    template_version: str
    systems: tuple[str, ...]
    marked: bool = False


class PromptBook:
    """Numbers every different prompt; `settle` turns the numbers into templates and the values that fill them."""

    def __init__(self) -> None:
        self._numbers: dict[Prompt, int] = {}
        self._rows: Counter[int] = Counter()

    def number(self, prompt: Prompt) -> int:
        """Return the number of a prompt, and count the row."""
        found = self._numbers.setdefault(prompt, len(self._numbers))
        self._rows[found] += 1
        return found

    def settle(self) -> tuple[list[Template], list[tuple[str, str, str, dict[str, str]]]]:
        """Return the templates, and by prompt number (hash, template id, version, values of its variables)."""
        raw = {prompt: _segments(prompt) for prompt in self._numbers}
        texts = dict.fromkeys(one.text for prompt, many in raw.items() if not prompt.marked for one in many)
        skeletons = find_skeletons(texts)
        by_start: dict[str, list[Skeleton]] = {}
        for skeleton in skeletons:
            by_start.setdefault(skeleton.text.split()[0], []).append(skeleton)
        known = {text: match(text, by_start.get(text.split()[0], ())) for text in texts}
        templates: dict[str, Template] = {}
        told: list[tuple[str, str, str, dict[str, str]]] = []
        for prompt, number in self._numbers.items():
            if not raw[prompt]:
                told.append(("", prompt.template_id, prompt.template_version, {}))
                continue
            template, values = _template(prompt, raw[prompt], known)
            old = templates.setdefault(template.hash, template)
            templates[template.hash] = old.model_copy(update={"rows": old.rows + self._rows[number]})
            told.append((template.hash, template.template_id, template.template_version, values))
        return [*templates.values()], told


def _segments(prompt: Prompt) -> list[Segment]:
    return [one for part, text in enumerate(prompt.systems) for one in split(text, part)]


def _template(
    prompt: Prompt, raw: list[Segment], known: dict[str, tuple[str, list[str]]]
) -> tuple[Template, dict[str, str]]:
    """Return the template of a prompt and the values that fill it; variables are numbered through the prompt."""
    segments, values, names = [], {}, []
    for one in raw:
        text, found = (one.text, []) if prompt.marked else known[one.text]
        key = segment_hash(text)
        for place, value in enumerate(found, start=1):
            name = f"{key[:4]}_{place}"
            text = text.replace(f"{{v{place}}}", f"{{{name}}}")
            values[name] = value
            names.append(name)
        segments.append(one.model_copy(update={"text": text, "hash": key}))
    shape = json.dumps([prompt.template_id, prompt.template_version, [(s.hash, s.tail, s.part) for s in segments]])
    digest = hashlib.sha256(shape.encode()).hexdigest()[:12]
    template = Template(
        hash=digest,
        template_id=prompt.template_id or f"inferred-{digest[:6]}",
        template_version=prompt.template_version,
        inferred=not prompt.template_id,
        segments=tuple(segments),
        vars=tuple(names),
    )
    return template, values
