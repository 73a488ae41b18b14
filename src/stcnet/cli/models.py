"""``stcnet models`` and ``stcnet import-checkpoint``: networks, and weights to start them from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stcnet.cli.research import require_extra
from stcnet.errors import ConfigError

if TYPE_CHECKING:
    from stcnet.networks import NetworkEntry
    from stcnet.networks.costs import NetworkCost
    from stcnet.networks.importing import Checkpoint

_HEAD = ("network", "parameters", "multiply-adds", "input", "frames", "source", "known weights")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(models)
    app.command()(import_checkpoint)


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, not a table.")] = False,
) -> None:
    """List the networks: what they cost, where they were published, weights to start from.

    Multiply-adds are those of one clip of the published length and size. The input is channels,
    height and width.
    """
    require_extra()
    from stcnet.evaluation.tables import Table
    from stcnet.networks import NETWORKS
    from stcnet.networks.costs import network_cost

    listed = [(entry, network_cost(name)) for name, entry in NETWORKS.items()]
    if as_json:
        typer.echo(json.dumps([_record(*each) for each in listed], indent=1))
    else:
        typer.echo(Table(_HEAD, tuple(_line(*each) for each in listed)).markdown())


def _record(entry: NetworkEntry[Any], cost: NetworkCost) -> dict[str, object]:
    return {
        "name": entry.name,
        "source": entry.source,
        "parameters": cost.parameters,
        "multiply_adds": cost.multiply_adds,
        "input": [cost.channels, cost.size, cost.size],
        "frames": cost.frames,
        "weights": [{"title": each.title, "licence": each.licence} for each in entry.weights],
    }


def _line(entry: NetworkEntry[Any], cost: NetworkCost) -> tuple[str, ...]:
    return (
        entry.name,
        f"{cost.parameters / 1e6:.2f} M",
        f"{cost.multiply_adds / 1e9:.2f} G",
        f"{cost.channels} x {cost.size} x {cost.size}",
        str(cost.frames),
        entry.source,
        "; ".join(map(str, entry.weights)) or "none",
    )


def import_checkpoint(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A state dict: .pt, .pth or .safetensors.")
    ],
    network: Annotated[
        str, typer.Option(metavar="NAME", help="Network to take the weights, see stcnet models.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The .safetensors file to write.")],
    partial: Annotated[
        bool, typer.Option("--partial", help="Leave out what does not fit, if most of it does.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Name every tensor that does not fit.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="JSON file for what became of every tensor."),
    ] = None,
) -> None:
    """Turn a published checkpoint into weights that a recipe can start from.

    Known are the layouts of STCNet's authors and of the independent implementation, backbones of
    torchvision, timm and pretrained-models, and pytorch-i3d. Recipes take the result as
    network.pretrained.
    """
    require_extra()
    from stcnet.networks.importing import read_checkpoint, require_suffix

    require_suffix(out)
    if report is not None and report.resolve() in {file.resolve(), out.resolve()}:
        raise ConfigError(
            "this is FILE or --out", where="--report", got=report, hint="name another file"
        )
    checkpoint = read_checkpoint(file, network)
    if report is not None:
        _write_report(checkpoint, report)
    typer.echo(f"{file}: {checkpoint.weights.layout}")
    if verbose:
        for line in checkpoint.weights.listing():
            typer.echo(line)
    checkpoint.write(out, allow_partial=partial)
    typer.echo(f"{out}: {_summary(checkpoint)}")


def _summary(checkpoint: Checkpoint) -> str:
    from stcnet.networks.pretrained import few

    weights = checkpoint.weights
    parts = [f"{len(weights.loaded)} of {weights.wanted} tensors of {checkpoint.network}"]
    parts += [weights.misfits()] if weights.misfits() else []
    if weights.unused:
        parts += [f"{len(weights.unused)} unused by their own network: {few(weights.unused)}"]
    return "; ".join(parts)


def _write_report(checkpoint: Checkpoint, path: Path) -> None:
    from stcnet.files import write_whole

    content = json.dumps(checkpoint.as_json(), indent=1).encode()
    write_whole(path, content, what="the report", hint="name a file in a writable folder")
