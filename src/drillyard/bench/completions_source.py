"""The completion function that an exported registry holds: standard library only, so that it needs no drillyard."""

__all__ = ["COMPLETIONS"]

COMPLETIONS = '''"""A completion function of OpenAI Evals that asks any server with the OpenAI API.

The address is the argument `url`, else DRILLYARD_URL, else http://127.0.0.1:8000/v1; the key DRILLYARD_TOKEN, if any.

    drillyard organism serve helpdesk &
    PYTHONPATH=. OPENAI_API_KEY=none oaieval drillyard/server EVAL --registry_path .
"""

import json
import os
import urllib.request

from evals.record import record_sampling


class Result:
    def __init__(self, text):
        self.text = text

    def get_completions(self):
        return [self.text]


class Server:
    def __init__(self, model="helpdesk", url="", temperature=0.0, **_):
        self.model, self.temperature = model, float(temperature)
        self.url = (url or os.environ.get("DRILLYARD_URL", "http://127.0.0.1:8000/v1")).rstrip("/")

    def __call__(self, prompt, **_):
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [
            {"role": {"example_user": "user", "example_assistant": "assistant"}.get(m.get("name"), m["role"]),
             "content": m["content"]} for m in prompt]
        body = {"model": self.model, "messages": messages, "temperature": self.temperature}
        token = os.environ.get("DRILLYARD_TOKEN", "none")
        head = {"Content-Type": "application/json", "Authorization": "Bearer " + token}
        asked = urllib.request.Request(self.url + "/chat/completions", json.dumps(body).encode(), head)
        with urllib.request.urlopen(asked, timeout=120) as answer:
            text = json.load(answer)["choices"][0]["message"]["content"] or ""
        record_sampling(prompt=prompt, sampled=[text])
        return Result(text)
'''
