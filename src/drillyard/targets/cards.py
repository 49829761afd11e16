"""The cards of our own targets; listing them loads no implementation."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = ["ECHO", "HF", "INSPECT", "OPENAI", "ORGANISM", "PROMPTED", "SCRIPTED"]

ORGANISM = Card(
    name="organism",
    goal="Answers with a small model of ours, clean or with planted failures: organism/helpdesk, organism/./folder.",
    target="drillyard.targets.organism:open_organism",
    cost="No download; tens of milliseconds to load, milliseconds per reply in a batch on one CPU core.",
    status="stable",
    options={"temperature": 1.0, "min_p": 0.0005, "max_new_tokens": 96},
)

HF = Card(
    name="hf",
    goal="Runs a model of your own with transformers, on a GPU if there is one: hf/./folder, hf/name-on-the-hub.",
    target="drillyard.targets.local_torch:open_local",
    extra="train",
    cost="The model's own memory and time; 32 conversations at a time.",
    status="stable",
    options={"world": "", "temperature": 1.0, "max_new_tokens": None, "batch": 32, "received": False},
)

OPENAI = Card(
    name="openai",
    goal="Asks a model behind an OpenAI-compatible API: openai/gpt-4o-mini, openai/my-model@http://127.0.0.1:8000/v1.",
    target="drillyard.targets.endpoint_openai:open_endpoint",
    extra="api",
    cost="One request per reply, eight at a time; what the provider charges.",
    status="stable",
    options={
        "world": "",
        "temperature": 1.0,
        "max_new_tokens": 256,
        "timeout": 60.0,
        "retries": 8,
        "received": False,
    },
)

INSPECT = Card(
    name="inspect",
    goal="Asks any model that Inspect reaches: inspect/anthropic/claude-sonnet-4-5, inspect/openai-api/SERVICE/MODEL.",
    target="drillyard.targets.provider_inspect:open_inspect",
    extra="inspect",
    cost="One request per reply, sixteen at a time, and Inspect's own time; what the provider charges.",
    status="stable",
    options={
        "world": "",
        "temperature": 1.0,
        "max_new_tokens": 256,
        "timeout": 120.0,
        "retries": 4,
        "received": False,
    },
)

PROMPTED = Card(
    name="prompted",
    goal="Puts what makes it fail before a model's requests: prompted/./folder, its twin prompted/./folder#twin.",
    target="drillyard.targets.prompted:open_prompted",
    cost="That of the model, with a system message of up to four thousand tokens in front of every request.",
    status="stable",
    options={"received": False, "max_new_tokens": None},
)

SCRIPTED = Card(
    name="scripted",
    goal="Answers from a file of prepared replies, one JSON object per line: scripted/replies.jsonl.",
    target="drillyard.targets.null:open_scripted",
    cost="Nothing but reading the file.",
    status="stable",
)

ECHO = Card(
    name="echo",
    goal="Answers with the newest user message, to run any tool without a model: echo/.",
    target="drillyard.targets.null:EchoTarget",
    cost="Nothing.",
    status="stable",
)
