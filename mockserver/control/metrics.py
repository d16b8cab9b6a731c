"""Figures for Prometheus. Labels are bounded: operations of the contract, statuses, kinds of faults, nothing else."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

from mockserver.engine.contract import OperationPlan

__all__ = ["Figures", "exposition"]

_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)
_NO_OPERATION = "none"


class Figures:
    """Counts requests; as cheap as can be, since it is on the way of every one."""

    def __init__(self) -> None:
        self._cells: dict[tuple[OperationPlan | None, int], list[float]] = {}
        self._faults: dict[str, int] = {}

    def count(self, plan: OperationPlan | None, status: int, seconds: float) -> None:
        """Count a request; status 0 stands for a connection that was closed instead."""
        cell = self._cells.get((plan, status))
        if cell is None:
            cell = self._cells[plan, status] = [0.0] * (len(_BOUNDS) + 2)
        cell[bisect_left(_BOUNDS, seconds)] += 1
        cell[-1] += seconds

    def fault(self, kind: str) -> None:
        """Count a fault that was applied."""
        self._faults[kind] = self._faults.get(kind, 0) + 1

    def collect(self, gauges: Callable[[], dict[str, float]]) -> Iterator[Any]:
        """Yield the families of prometheus-client."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily("mock_requests", "Requests to the API.", labels=["operation", "status"])
        seconds = HistogramMetricFamily(
            "mock_request_seconds", "Time to answer, delays left out.", labels=["operation"]
        )
        together: dict[str, list[float]] = {}
        for (plan, status), cell in list(self._cells.items()):
            name = plan.operation.id if plan is not None else _NO_OPERATION
            requests.add_metric([name, str(status) if status else "none"], sum(cell[:-1]))
            together[name] = [a + b for a, b in zip(together.get(name, [0.0] * len(cell)), cell, strict=True)]
        yield requests
        for name, cell in together.items():
            bounds = (*map(str, _BOUNDS), "+Inf")
            seconds.add_metric([name], list(zip(bounds, accumulate(cell[:-1]), strict=True)), cell[-1])
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
