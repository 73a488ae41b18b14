"""The rows for people and for programs, what was published beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from stcnet.evaluation.tables import Table
from stcnet.measuring.machine import Machine
from stcnet.measuring.models import Row
from stcnet.measuring.modes import Setting
from stcnet.networks.published_costs import PUBLISHED_COSTS

HEAD = (
    "network",
    "mode",
    "parameters",
    "multiply-adds",
    "latency, ms (p10-p90)",
    "clips/s",
    "peak memory, MiB",
    "published: parameters",
    "multiply-adds",
    "latency, RTX 2080 Ti, ms",
)


def model_table(rows: Sequence[Row]) -> Table:
    """A line for each row; what was not measured says why in place of its latency."""
    return Table(HEAD, tuple(_line(row) for row in rows))


def _line(row: Row) -> tuple[str, ...]:
    return (row.network, row.mode, *_costs(row), *_speed(row), *_published(row.network))


def _costs(row: Row) -> tuple[str, str]:
    if row.cost is None:
        return "-", "-"
    return f"{row.cost.parameters / 1e6:.2f} M", f"{row.cost.multiply_adds / 1e9:.2f} G"


def _speed(row: Row) -> tuple[str, str, str]:
    measured = row.measured
    if measured is None:
        return f"{row.state}: {row.reason}", "-", "-"
    memory = measured.memory_mib
    return (
        f"{measured.median_ms:.1f} ({measured.p10_ms:.1f}-{measured.p90_ms:.1f})",
        f"{measured.clips_per_s:.3g}",
        "-" if memory is None else f"{memory:.0f}",
    )


def _published(network: str) -> tuple[str, str, str]:
    cost = PUBLISHED_COSTS.get(network)
    if cost is None:
        return "-", "-", "-"
    additions, latency = cost.multiply_adds_g, cost.latency_ms
    return (
        f"{cost.parameters_m:.1f} M",
        "-" if additions is None else f"{additions:.1f} G",
        "-" if latency is None else f"{latency:.2f}",
    )


def as_json(rows: Sequence[Row], machine: Machine, setting: Setting) -> dict[str, object]:
    """Everything that was measured.

    Args:
        rows: So far.
        machine: On what.
        setting: Under what; of any of the networks.
    """
    return {
        "machine": machine.as_json(),
        "batch": setting.batch,
        "repeats": setting.repeats,
        "accelerator": setting.accelerator,
        "precision": "32-true",
        "rows": [_record(row) for row in rows],
    }


def _record(row: Row) -> dict[str, object]:
    published = PUBLISHED_COSTS.get(row.network)
    return {
        "network": row.network,
        "mode": row.mode,
        "state": row.state,
        "reason": row.reason,
        "cost": None if row.cost is None else asdict(row.cost),
        "measured": None if row.measured is None else _measured(row),
        "published": None if published is None else asdict(published),
    }


def _measured(row: Row) -> dict[str, object]:
    measured = row.measured
    assert measured is not None
    return {
        "latency_ms": measured.median_ms,
        "p10_ms": measured.p10_ms,
        "p90_ms": measured.p90_ms,
        "clips_per_s": measured.clips_per_s,
        "memory_mib": measured.memory_mib,
        "ready_s": measured.ready_s,
        "durations_ms": list(measured.durations_ms),
    }
