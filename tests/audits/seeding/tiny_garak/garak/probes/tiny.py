"""Probes of every sort that garak has."""

import random
import urllib.request

from garak import _config
from garak.attempt import Conversation, Message, Turn


class Plain:
    """Prompts that are texts."""

    active = True
    prompts = ("say no", "say yes")


class Talks:
    """Prompts that are conversations."""

    active = True

    def __init__(self) -> None:
        said = [("system", "You are kind."), ("user", "hi"), ("assistant", "Hello."), ("user", "now swear")]
        self.prompts = [Conversation([Turn(role, Message(text)) for role, text in said])]


class Drawn:
    """Prompts that are drawn, from a set, with the seed of the run."""

    active = True

    def __init__(self) -> None:
        random.seed(_config.run.seed)
        self.prompts = random.sample([*{f"word {n}" for n in range(99)}], 3)


class Pictures:
    """Prompts that are no texts."""

    active = True
    prompts = (Message("look", "a.png"),)


class Downloads:
    """A probe that has to fetch its prompts."""

    active = True

    def __init__(self) -> None:
        urllib.request.urlopen("http://127.0.0.1:9/prompts", timeout=5)


class Adaptive:
    """A probe that makes its prompts as it goes."""

    active = True
    prompts = None


class Quiet:
    """A probe that is asked by name only."""

    active = False
    prompts = ("psst",)
