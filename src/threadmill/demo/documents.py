"""The documents of the embedded server: what each contains and how long it takes, as functions of a seed
and an index, so that every pool meets the same load."""

from __future__ import annotations

import math
from random import Random
from statistics import NormalDist

MEDIAN = 0.015  # seconds
SLOW = 0.150  # seconds; one document in a hundred takes longer
SIZE = 4096  # bytes
SEED = 42  # of a few tried, the one whose first 500 documents come closest to MEDIAN and SLOW

# Lognormal, as the latencies of real services roughly are: most are short, a few are very long.
_MU = math.log(MEDIAN)
_SIGMA = math.log(SLOW / MEDIAN) / NormalDist().inv_cdf(0.99)


def latency(index: int, seed: int = SEED) -> float:
    """How long the server takes for document `index`, in seconds."""
    return Random(f"{seed}/latency/{index}").lognormvariate(_MU, _SIGMA)


def content(index: int, seed: int = SEED) -> bytes:
    """What document `index` contains: SIZE bytes."""
    return Random(f"{seed}/content/{index}").randbytes(SIZE)
