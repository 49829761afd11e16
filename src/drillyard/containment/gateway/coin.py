"""The erasure coin: committed to before the question is known, opened after the answer is sealed.

The gateway cannot choose, because its nonce was published as a hash first; the asker cannot, because the nonce is
secret while the question and its salt are written; the forecaster sees neither. Source: Blum 1983 (coin flipping),
Armstrong and O'Rorke 2017, arXiv 1711.05541 (erasure).
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Coin", "Coins", "commit_to", "is_erased", "opens"]


@dataclass(frozen=True, kw_only=True)
class Coin:
    """One nonce (hexadecimal) with its place: `batch` is the ledger's number of the record that committed to it."""

    batch: int
    index: int
    nonce: str


def commit_to(nonce: str) -> str:
    """Return the hash that is published in place of a nonce."""
    return hashlib.sha256(f"coin\n{nonce}".encode()).hexdigest()


def opens(nonce: str, committed: str) -> bool:
    """Say whether a nonce is the one that was committed to."""
    return hmac.compare_digest(commit_to(nonce), committed)


def is_erased(nonce: str, question: str, erasure: float) -> bool:
    """Toss the coin for a question's digest: true with probability `erasure`, by 64 bits of a hash of both."""
    drawn = hashlib.sha256(f"toss\n{nonce}\n{question}".encode()).digest()
    return int.from_bytes(drawn[:8], "big") < erasure * 2**64


class Coins:
    """Nonces in memory, given out once and in the order in which they were committed to."""

    def __init__(self, publish: Callable[[list[str]], int], entropy: Callable[[int], bytes], size: int = 256) -> None:
        self._publish, self._entropy, self._size = publish, entropy, size
        self._left: list[Coin] = []
        self._lock = threading.Lock()

    def take(self) -> Coin:
        """Return the next coin; commits to a further batch in the ledger first where none is left."""
        with self._lock:
            if not self._left:
                nonces = [self._entropy(32).hex() for _ in range(self._size)]
                batch = self._publish([commit_to(nonce) for nonce in nonces])
                self._left = [Coin(batch=batch, index=n, nonce=nonce) for n, nonce in enumerate(nonces)][::-1]
            return self._left.pop()
