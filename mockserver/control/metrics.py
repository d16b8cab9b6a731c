"""Figures for Prometheus. Labels are bounded: operations of the contract, statuses, kinds of faults, nothing else."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any

from mockserver.engine.contract import OperationPlan

__all__ = ["Figures", "exposition"]

_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)
_NO_OPERATION = "none"


class Figures:
    """Counts requests; as cheap as can be, since it is on the way of every one."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, int], int] = {}
        self._seconds: dict[str, list[float]] = {}
        self._faults: dict[str, int] = {}

    def count(self, plan: OperationPlan | None, status: int, seconds: float) -> None:
        """Count a request; status 0 stands for a connection that was closed instead."""
        name = plan.operation.id if plan is not None else _NO_OPERATION
        key = (name, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        buckets = self._seconds.get(name)
        if buckets is None:
            buckets = self._seconds[name] = [0.0] * (len(_BOUNDS) + 2)
        buckets[bisect_left(_BOUNDS, seconds)] += 1
        buckets[-1] += seconds

    def fault(self, kind: str) -> None:
        """Count a fault that was applied."""
        self._faults[kind] = self._faults.get(kind, 0) + 1

    def collect(self, gauges: Callable[[], dict[str, float]]) -> Iterator[Any]:
        """Yield the families of prometheus-client."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily("mock_requests", "Requests to the API.", labels=["operation", "status"])
        for (operation, status), number in sorted(self._requests.items()):
            requests.add_metric([operation, str(status) if status else "none"], number)
        yield requests
        seconds = HistogramMetricFamily(
            "mock_request_seconds", "Time to answer, delays left out.", labels=["operation"]
        )
        for operation, buckets in sorted(self._seconds.items()):
            total: float = 0.0
            series = []
            for bound, count in zip((*map(str, _BOUNDS), "+Inf"), buckets[:-1], strict=True):
                total += count
                series.append((bound, total))
            seconds.add_metric([operation], series, buckets[-1])
        yield seconds
        faults = CounterMetricFamily("mock_faults_applied", "Faults that were applied.", labels=["kind"])
        for kind, number in sorted(self._faults.items()):
            faults.add_metric([kind], number)
        yield faults
        for name, value in gauges().items():
            yield GaugeMetricFamily(f"mock_{name}", name.replace("_", " ").capitalize() + ".", value=value)


def exposition(figures: Figures, gauges: Callable[[], dict[str, float]]) -> bytes:
    """Return the figures in the text format of Prometheus, from a registry of their own."""
    from prometheus_client import CollectorRegistry, generate_latest

    class Collector:
        def collect(self) -> Iterator[Any]:
            return figures.collect(gauges)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    return bytes(generate_latest(registry))
