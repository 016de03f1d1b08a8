"""Metrics: numbers with names, as a monitoring system collects them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One number.

    Attributes:
        labels: Names and values, beside those that all samples of a page have.
        value: In the unit of the metric.
    """

    labels: tuple[tuple[str, str], ...] = ()
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A gauge and its samples.

    Attributes:
        name: With its unit at the end, as Prometheus wants it.
        help: What it means, in a sentence without a full stop.
        samples: All with the same names of labels; none where there is nothing to say.
    """

    name: str
    help: str
    samples: tuple[Sample, ...]
