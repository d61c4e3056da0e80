"""What many times come to."""

import statistics


def p95(taken: list[float]) -> float:
    """Within what 95 of 100 are."""
    return statistics.quantiles(taken, n=20, method="inclusive")[-1]
