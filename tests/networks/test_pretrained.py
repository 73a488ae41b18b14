"""Weights of a file are loaded whole, or refused with every misfit told and nothing changed."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from stcnet.errors import ConfigError
from stcnet.networks import build_model, load_pretrained

POINTER = """version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 49467386
"""


class Small(nn.Module):
    """A convolution, a norm, and a classifier whose weight has a second name."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.norm = nn.BatchNorm2d(4)
        self.logits = nn.Linear(4, classes)
        self.again = self.logits


def values(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def published(classes: int = 2) -> dict[str, Tensor]:
    torch.manual_seed(1)
    model = Small(classes)
    nn.init.normal_(model.norm.running_mean)  # type: ignore[arg-type]
    return values(model)


def without(state: Mapping[str, Tensor], *parts: str) -> dict[str, Tensor]:
    return {n: value for n, value in state.items() if not any(part in n for part in parts)}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param("w.pt", lambda state: state, id="state dict"),
        pytest.param("w.pt", lambda state: {"state_dict": state, "epoch": 3}, id="checkpoint"),
        pytest.param(
            "w.pt",
            lambda state: {f"module.{n}": value for n, value in state.items()},
            id="data parallel",
        ),
        pytest.param("w.pt", lambda state: without(state, "tracked"), id="old, without counters"),
        pytest.param("w.pt", lambda state: without(state, "again"), id="without second names"),
        pytest.param("w.safetensors", lambda state: without(state, "again"), id="safetensors"),
    ],
)
def test_whole_files(name: str, change: Any, tmp_path: Path) -> None:
    model, wanted = Small(), published()
    content = change(wanted)
    if name.endswith("pt"):
        torch.save(content, tmp_path / name)
    else:
        safetensors.torch.save_file(content, tmp_path / name)
    result = load_pretrained(model, tmp_path / name)
    assert result.misfits() == ""
    assert (result.missing, result.unexpected, result.misshapen) == ((), (), ())
    assert all(torch.equal(values(model)[n], wanted[n]) for n in without(wanted, "tracked"))


def test_the_layout_of_pytorch_i3d(tmp_path: Path) -> None:
    """A checkpoint of 400 classes without counters, as published for Kinetics."""
    torch.manual_seed(1)
    kinetics = without(values(build_model("i3d")), "tracked")
    kinetics["logits.conv3d.weight"] = torch.randn(400, 1024, 1, 1, 1)
    kinetics["logits.conv3d.bias"] = torch.randn(400)
    torch.save(kinetics, tmp_path / "rgb.pt")
    torch.manual_seed(0)
    model = build_model("i3d")
    with pytest.raises(ConfigError, match=r"2 of another shape: logits.conv3d.weight, logits"):
        load_pretrained(model, tmp_path / "rgb.pt")
    result = load_pretrained(model, tmp_path / "rgb.pt", allow_partial=True)
    assert result.misshapen == ("logits.conv3d.weight", "logits.conv3d.bias")
    assert len(result.loaded) == 57 * 5
    trunk = without(kinetics, "logits")
    assert all(torch.equal(values(model)[n], value) for n, value in trunk.items())


def test_additions_of_i3d_stay_random(tmp_path: Path) -> None:
    torch.save(values(build_model("i3d")), tmp_path / "rgb.pt")
    result = load_pretrained(build_model("i3d-nl"), tmp_path / "rgb.pt", allow_partial=True)
    assert {name.partition(".")[0] for name in result.missing} == {"non_local"}
    assert result.misfits().startswith("18 not in the file: non_local.0.theta.weight, ")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            lambda state: without(state, "conv"),
            "2 not in the file: conv.weight, conv.bias",
            id="missing",
        ),
        pytest.param(
            lambda state: {**state, "head.0": torch.ones(1)},
            "1 not in the network: head.0",
            id="unexpected",
        ),
        pytest.param(
            lambda _: published(classes=5),
            "4 of another shape: logits.weight, logits.bias, again.weight, ...",
            id="other classes",
        ),
    ],
)
def test_misfits_are_told_and_nothing_is_loaded(change: Any, told: str, tmp_path: Path) -> None:
    model = Small()
    before = values(model)
    torch.save(change(published()), tmp_path / "w.pt")
    with pytest.raises(ConfigError) as raised:
        load_pretrained(model, tmp_path / "w.pt")
    assert str(raised.value).startswith(
        f"{tmp_path / 'w.pt'}: the weights do not fit the network: {told}"
    )
    assert str(raised.value).endswith("or ask for a partial load")
    assert all(torch.equal(values(model)[name], value) for name, value in before.items())
    assert load_pretrained(model, tmp_path / "w.pt", allow_partial=True).misfits() == told


def test_a_partial_load_wants_most_of_the_network(tmp_path: Path) -> None:
    model = Small()
    before = values(model)
    torch.save({"conv.weight": torch.ones(4, 3, 1, 1)}, tmp_path / "w.pt")
    with pytest.raises(ConfigError, match=r"got 1 tensors that fit, 8 wanted\); name weights"):
        load_pretrained(model, tmp_path / "w.pt", allow_partial=True)
    assert all(torch.equal(values(model)[name], value) for name, value in before.items())


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("unpickled",)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("w.pt", POINTER.encode(), "this is a Git LFS pointer", id="LFS pointer"),
        pytest.param("w.safetensors", POINTER.encode(), "this is a Git LFS pointer", id="either"),
        pytest.param("w.pt", b"", "the file is empty or damaged", id="empty"),
        pytest.param("w.pt", b"<html>", "this is a web page, not the weights", id="a page"),
        pytest.param(
            "w.safetensors",
            safetensors.torch.save({}),
            "the file holds no state dict (got no tensor",
            id="empty safetensors",
        ),
        pytest.param("w.safetensors", b"html", "the file is no safetensors file", id="no tensor"),
        pytest.param(
            "w.pt", pickle.dumps(Evil()), "the file holds more or other than weights", id="code"
        ),
    ],
)
def test_files_that_hold_no_weights(
    name: str, content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        load_pretrained(Small(), tmp_path / name)
    assert str(raised.value).startswith(f"{tmp_path / name}: {message}")
    assert len(str(raised.value).splitlines()) == 1
    assert "unpickled" not in capsys.readouterr().out


def test_a_pickled_model_is_told_by_its_class(tmp_path: Path) -> None:
    torch.save(nn.Sequential(nn.Linear(2, 2)), tmp_path / "w.pt")
    with pytest.raises(ConfigError) as raised:
        load_pretrained(Small(), tmp_path / "w.pt")
    told = str(raised.value).removeprefix(f"{tmp_path / 'w.pt'}: ")
    assert told.startswith("the file holds more or other than weights (got torch.nn.modules.")
    assert told.endswith("save the state_dict() of a pickled model")


@pytest.mark.parametrize("saved", [{}, {"epoch": 3}, [torch.ones(1)], {"state_dict": {"a": 1}}])
def test_checkpoints_without_a_state_dict(saved: object, tmp_path: Path) -> None:
    torch.save(saved, tmp_path / "w.pt")
    with pytest.raises(ConfigError, match="the file holds no state dict"):
        load_pretrained(Small(), tmp_path / "w.pt")


def test_a_truncated_file_is_called_damaged(tmp_path: Path) -> None:
    torch.save(published(), tmp_path / "w.pt")
    content = (tmp_path / "w.pt").read_bytes()
    (tmp_path / "w.pt").write_bytes(content[: len(content) // 2])
    with pytest.raises(ConfigError, match="the file is empty or damaged") as raised:
        load_pretrained(Small(), tmp_path / "w.pt")
    assert str(raised.value).endswith("download or copy it again")
    assert len(str(raised.value).removeprefix(str(tmp_path))) < 250


def test_entries_of_another_mapping_are_named(tmp_path: Path) -> None:
    torch.save({"model": published(), "epoch": 3}, tmp_path / "w.pt")
    with pytest.raises(ConfigError, match=r"no state dict \(got dict of model, epoch;"):
        load_pretrained(Small(), tmp_path / "w.pt")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the weights cannot be read \(got No such file"):
        load_pretrained(Small(), tmp_path / "w.pt")
