"""``stcnet models`` and ``stcnet import-checkpoint`` as a researcher runs them."""

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from published_networks import torchvision_mobilenet
from stcnet.networks import NETWORKS, build_model
from stcnet.training.recipes.network import NetworkSettings

from .conftest import Run

POINTER = """version https://git-lfs.github.com/spec/v1
oid sha256:3bc8d143fdd69cc77bf09fa495452457d4a1ee3c3f044a478ab2220b0cdc397b
size 207274493
"""


def test_every_network_is_listed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {name: NETWORKS[name] for name in ("stcnet-mobilenetv2", "stcnet-seresnext50-mean")}
    monkeypatch.setattr("stcnet.networks.NETWORKS", chosen)
    table = run("models")
    assert table.code == 0, table.err
    lines = table.out.splitlines()[2:]
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines] == list(chosen)
    assert lines[0] == (
        "| stcnet-mobilenetv2 | 3.69 M | 3.46 G | 3 x 224 x 224 | 8 | Cao et al., arXiv 2011.04863 "
        "| ImageNet: torchvision mobilenet_v2 (BSD-3-Clause) |"
    )
    mobile, independent = json.loads(run("models", "--json").out)
    assert mobile["parameters"] == sum(
        p.numel() for p in build_model("stcnet-mobilenetv2").parameters()
    )
    assert (mobile["input"], mobile["frames"]) == ([3, 224, 224], 8)
    assert independent["weights"][0]["licence"] == "no licence stated"


@pytest.fixture
def imagenet(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    path = tmp_path / "mobilenet_v2.pth"
    state = torchvision_mobilenet().state_dict()
    torch.save(state | {"classifier.1.weight": torch.zeros(5, 8)}, path)
    return path


def test_an_imported_backbone_starts_a_recipe(run: Run, imagenet: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "start.safetensors", tmp_path / "report.json"
    arguments = ["import-checkpoint", imagenet, "--network", "stcnet-mobilenetv2", "--out", out]
    refused = run(*arguments, "--verbose", "--report", report)
    assert refused.code == 2
    assert not out.exists()
    assert refused.out.splitlines()[0] == f"{imagenet}: a backbone as torchvision names it"
    assert "not in the network: classifier.1.weight" in refused.out.splitlines()
    assert "not in the file: reduce.0.weight" in refused.out.splitlines()
    (error,) = refused.errors
    assert error.startswith(f"error: {imagenet}: the weights do not fit the network: 9 not in the")
    assert error.endswith("name weights of this network, or ask for a partial load")
    assert json.loads(report.read_bytes())["not_in_the_network"] == ["classifier.1.weight"]

    done = run(*arguments, "--partial")
    assert done.code == 0, done.err
    assert done.out.splitlines()[-1].startswith(f"{out}: ")
    assert "9 not in the file: reduce.0.weight, reduce.0.bias" in done.out
    network = NetworkSettings(preset="stcnet-mobilenetv2", pretrained=str(out)).build()
    state, written = network.state_dict(), safetensors.torch.load_file(out)
    assert all(torch.equal(state[name], tensor) for name, tensor in written.items())
    assert torch.equal(
        state["pathways.temporal.stages.3.0.layers.0.0.weight"],
        torch.load(imagenet)["features.14.conv.0.0.weight"],
    )


@pytest.mark.parametrize(
    ("content", "network", "out", "message"),
    [
        pytest.param(
            POINTER, "i3d", "x.safetensors", "state_dict.pth: this is a Git LFS pointer", id="LFS"
        ),
        pytest.param("{}", "i3d", "x.safetensors", "the file holds more or other", id="no weights"),
        pytest.param(
            "", "i3e", "x.safetensors", "--network: there is no such network (got i3e", id="network"
        ),
        pytest.param("", "i3d", "x.pth", "--out: weights are written as safetensors", id="ending"),
        pytest.param(None, "i3d", "x.safetensors", "the weights cannot be read", id="no file"),
    ],
)
def test_bad_input_is_one_line(
    run: Run, tmp_path: Path, content: str | None, network: str, out: str, message: str
) -> None:
    path = tmp_path / "state_dict.pth"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    told = run("import-checkpoint", path, "--network", network, "--out", tmp_path / out)
    assert (told.code, len(told.errors)) == (2, 1)
    assert message in told.errors[0]
    assert not (tmp_path / out).exists()


def test_nothing_is_written_where_the_folder_is_missing(run: Run, tmp_path: Path) -> None:
    torch.save(build_model("plain-lite0").state_dict(), tmp_path / "own.pt")
    out = tmp_path / "nowhere" / "x.safetensors"
    told = run("import-checkpoint", tmp_path / "own.pt", "--network", "plain-lite0", "--out", out)
    assert told.code == 2
    assert told.errors[0].startswith(f"error: {out}: the weights cannot be written")


@pytest.mark.parametrize("report", ["own.pt", "x.safetensors"], ids=["checkpoint", "weights"])
def test_the_report_replaces_neither_file(run: Run, tmp_path: Path, report: str) -> None:
    (tmp_path / "own.pt").write_text("checkpoint", encoding="utf-8")
    told = run(
        *("import-checkpoint", tmp_path / "own.pt", "--network", "plain-lite0"),
        *("--out", tmp_path / "x.safetensors", "--report", tmp_path / report),
    )
    assert (told.code, len(told.errors)) == (2, 1)
    assert told.errors[0].startswith("error: --report: this is FILE or --out")
    assert (tmp_path / "own.pt").read_text(encoding="utf-8") == "checkpoint"
    assert not (tmp_path / "x.safetensors").exists()
