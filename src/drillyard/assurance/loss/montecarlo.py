"""Years by simulation: the check of the exact distribution, and what a year looks like.

How many of the years have 0, 1, 2 … events is one multinomial draw; the years with k events are then k columns that are
added up. Nothing is drawn for the empty ones, and no year is visited alone.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy import special

from drillyard.assurance.loss.severity import Lognormal

__all__ = ["simulate"]

_BLOCK = 250_000
"""Years of a block: what stays in a processor's cache, and enough blocks for two threads."""


def simulate(rate: float, severity: Lognormal, years: int, seed: int, threads: int = 2) -> NDArray[np.float32]:
    """Return the losses of so many years with a Poisson number of lognormal events each, in no order."""
    sizes = [min(_BLOCK, years - start) for start in range(0, years, _BLOCK)]
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    counts = np.arange(int(rate + 10 * math.sqrt(rate) + 20))
    shares = np.exp(special.xlogy(counts, rate) - rate - special.gammaln(counts + 1))
    shares /= math.fsum(shares)

    def block(place: int) -> NDArray[np.float32]:
        rng = np.random.Generator(np.random.SFC64(seeds[place]))
        found = np.zeros(sizes[place], np.float32)
        start = 0
        for events, count in enumerate(rng.multinomial(sizes[place], shares)):
            if events and count:
                drawn = rng.standard_normal((events, count), np.float32)
                drawn *= np.float32(severity.sigma)
                drawn += np.float32(severity.mu)
                np.exp(drawn, out=drawn)
                np.add.reduce(drawn, axis=0, out=found[start : start + count])
            start += count
        return found

    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(block, range(len(sizes)))))
