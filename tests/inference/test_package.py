import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from stcnet.errors import OutputError, PackageError
from stcnet.inference import (
    FORMAT_VERSION,
    Calibration,
    ClipScorer,
    IsotonicCalibration,
    ModelPackage,
    PlattCalibration,
    TemperatureCalibration,
    bundled_package,
)
from stcnet.inference import package as package_module
from stcnet.inference.archive import pack_members
from stcnet.inference.manifest import read_manifest
from stcnet.inference.tensors import Examples, write_examples, write_weights
from tiny_model import Parts, clip_graph, frame_graph, graph_bytes, random_clip, values

MEMBERS = (
    "MODEL_CARD.md",
    "calibration.json",
    "clip.onnx",
    "examples.npz",
    "frame.onnx",
    "manifest.json",
    "weights.safetensors",
)


def unzip(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rehashed(members: dict[str, bytes]) -> dict[str, bytes]:
    """The members under a manifest with their hashes: what someone with intent would write."""
    manifest = read_manifest(members["manifest.json"], "test")
    hashes = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in members.items()
        if name != "manifest.json"
    }
    changed = manifest.model_copy(update={"files": hashes})
    return {**members, "manifest.json": changed.model_dump_json().encode()}


def refusal(path: Path, *, verify: bool = True) -> str:
    with pytest.raises(PackageError) as caught:
        ModelPackage.load(path, verify=verify)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


# --- what is written can be read


def test_holds_the_promised_members(package: ModelPackage) -> None:
    assert sorted(unzip(package.source)) == list(MEMBERS)


def test_comes_out_as_it_was_put_in(package: ModelPackage, parts: Parts) -> None:
    loaded = ModelPackage.load(package.source)
    assert (loaded.name, loaded.version) == ("tiny", "1.2.3")
    assert loaded.manifest == package.manifest
    assert loaded.manifest.model_dump(exclude={"files", "format_version"}) == (
        parts.description.model_dump()
    )
    assert loaded.calibration == parts.calibration
    assert loaded.card == parts.card
    assert loaded.sha256 == hashlib.sha256(package.source.read_bytes()).hexdigest()
    assert loaded.weights.keys() == parts.weights.keys()
    for name, array in parts.weights.items():
        np.testing.assert_array_equal(loaded.weights[name], array)
    np.testing.assert_array_equal(loaded.examples.frames, parts.example_frames)


THRESHOLDS: dict[str, Any] = {"threshold": 0.4, "alarm_threshold": 0.5, "off_threshold": 0.4}
CALIBRATIONS: list[Calibration] = [
    PlattCalibration(slope=2, intercept=-1, basis="a", **THRESHOLDS),
    TemperatureCalibration(temperature=0.7, basis="b", **THRESHOLDS),
    IsotonicCalibration(knots=((-1.0, -3.5), (0.25, 0.1), (2.0, 4.0)), basis="c", **THRESHOLDS),
]


@pytest.mark.parametrize("calibration", CALIBRATIONS, ids=lambda each: each.method)
def test_each_calibration_comes_out_as_it_was_put_in(
    calibration: Calibration, parts: Parts, tmp_path: Path
) -> None:
    path = tmp_path / "tiny.stcnet"
    parts.with_(calibration=calibration).write(path)
    loaded = ModelPackage.load(path)
    assert loaded.calibration == calibration
    logits = loaded.examples.logits
    scored = [ClipScorer(loaded).score(frames) for frames in loaded.examples.frames]
    assert [verdict.probability for verdict in scored] == pytest.approx(
        calibration.probabilities(logits).tolist(), abs=1e-6
    )


@pytest.mark.parametrize(("version", "later"), [(1, ["operating_points"]), (2, [])])
def test_a_package_of_an_older_version_still_loads(
    package: ModelPackage, version: int, later: list[str]
) -> None:
    """It has one threshold for verdicts and alarms."""
    members = unzip(package.source)
    calibration = json.loads(members["calibration.json"])
    del calibration["alarm_threshold"]
    members["calibration.json"] = json.dumps(calibration).encode()
    manifest = json.loads(members["manifest.json"])
    manifest["files"]["calibration.json"] = hashlib.sha256(members["calibration.json"]).hexdigest()
    for key in later:
        del manifest[key]
    members["manifest.json"] = json.dumps({**manifest, "format_version": version}).encode()
    package.source.write_bytes(pack_members(members))
    loaded = ModelPackage.load(package.source)
    assert loaded.manifest.format_version == version
    assert loaded.manifest.operating_points == ()
    assert loaded.calibration.alarm_threshold == package.calibration.threshold
    assert loaded.calibration.probability(0.3) == package.calibration.probability(0.3)


def test_what_is_written_again_is_of_the_present_version(
    package: ModelPackage, parts: Parts, tmp_path: Path
) -> None:
    old = package.manifest.model_copy(update={"format_version": 1})
    again = parts.with_(description=old).write(tmp_path / "again.stcnet")
    assert again.manifest.format_version == FORMAT_VERSION


def test_same_parts_give_the_same_bytes(parts: Parts, tmp_path: Path) -> None:
    one, other = tmp_path / "one.stcnet", tmp_path / "other.stcnet"
    parts.write(one)
    shuffled = dict(reversed(parts.weights.items()))
    parts.with_(weights=shuffled).write(other)
    assert one.read_bytes() == other.read_bytes()


def test_other_weights_give_other_bytes_and_logits(parts: Parts, tmp_path: Path) -> None:
    changed = {name: 2 * array for name, array in parts.weights.items()}
    one = parts.write(tmp_path / "one.stcnet")
    other = parts.with_(weights=changed).write(tmp_path / "other.stcnet")
    assert one.sha256 != other.sha256
    assert not np.allclose(one.examples.logits, other.examples.logits)


def test_weights_of_half_precision_are_kept_so_and_widened(parts: Parts, tmp_path: Path) -> None:
    halved = {name: array.astype(np.float16) for name, array in parts.weights.items()}
    path = tmp_path / "half.stcnet"
    parts.with_(weights=halved).write(path)
    loaded = ModelPackage.load(path)
    assert {array.dtype for array in loaded.weights.values()} == {np.dtype(np.float32)}
    assert b'"F16"' in unzip(path)["weights.safetensors"]


def test_a_package_can_be_written_again_from_its_own_parts(
    package: ModelPackage, parts: Parts, tmp_path: Path
) -> None:
    again = parts.with_(description=package.manifest, weights=dict(package.weights))
    assert again.write(tmp_path / "again.stcnet").sha256 == package.sha256


def test_weights_in_another_memory_order_are_the_same(parts: Parts, tmp_path: Path) -> None:
    turned = {name: np.asfortranarray(array) for name, array in parts.weights.items()}
    one = parts.write(tmp_path / "one.stcnet")
    assert parts.with_(weights=turned).write(tmp_path / "other.stcnet").sha256 == one.sha256


def test_replaces_a_file_and_leaves_nothing_beside_it(parts: Parts, tmp_path: Path) -> None:
    path = tmp_path / "tiny.stcnet"
    path.write_text("old")
    parts.write(path)
    ModelPackage.load(path)
    assert list(tmp_path.iterdir()) == [path]


def test_loading_writes_nothing(package: ModelPackage, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = package.source.parent
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    monkeypatch.chdir(folder)
    try:
        ModelPackage.load(package.source)
    finally:
        folder.chmod(stat.S_IRWXU)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_one_pair_of_graphs_serves_all(package: ModelPackage) -> None:
    assert package.runner(1) is package.runner(1)
    assert package.runner(1) is not package.runner(2)


# --- what cannot be written


UNFIT: list[tuple[str, Callable[[Parts], Parts], str]] = [
    (
        "a weight is missing",
        lambda p: p.with_(
            weights={k: v for k, v in p.weights.items() if k != "frame/spatial.weight"}
        ),
        "spatial.weight",
    ),
    (
        "a weight of another shape",
        lambda p: p.with_(weights={**p.weights, "frame/scale": np.ones(5, np.float32)}),
        "dimensions do not match",
    ),
    (
        "a weight of another type",
        lambda p: p.with_(weights={**p.weights, "frame/scale": np.ones(4, np.float64)}),
        "data type does not match",
    ),
    (
        "a weight that no graph asks for",
        lambda p: p.with_(weights={**p.weights, "clip/stray": np.ones(1, np.float32)}),
        "stray",
    ),
    (
        "a weight of no graph",
        lambda p: p.with_(weights={**p.weights, "scale": np.ones(4, np.float32)}),
        "'scale'",
    ),
    ("frame graph is junk", lambda p: p.with_(frame_graph=b"junk"), "frame.onnx"),
    ("clip graph is empty", lambda p: p.with_(clip_graph=b""), "clip.onnx"),
    ("graphs swapped", lambda p: p.with_(frame_graph=p.clip_graph, weights={}), "frame.onnx"),
    ("other T in the graph", lambda p: p.with_(clip_graph=clip_graph(4)), "clip.onnx"),
    ("features not finite", lambda p: p.with_(frame_graph=frame_graph("Log")), "not finite"),
    (
        "examples of a whole window",
        lambda p: p.with_(example_frames=random_clip(8)[np.newaxis]),
        "(E, 4, H, W, 3)",
    ),
    ("no example", lambda p: p.with_(example_frames=p.example_frames[:0]), "E in 1..64"),
    (
        "examples of floats",
        lambda p: p.with_(example_frames=p.example_frames.astype(np.float32)),
        "frames uint8",
    ),
]


@pytest.mark.parametrize(
    ("change", "message"), [pytest.param(change, text, id=name) for name, change, text in UNFIT]
)
def test_refuses_to_write(
    change: Callable[[Parts], Parts], message: str, parts: Parts, tmp_path: Path
) -> None:
    with pytest.raises(PackageError) as caught:
        change(parts).write(tmp_path / "x.stcnet")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_refuses_a_graph_with_other_outputs(parts: Parts, tmp_path: Path) -> None:
    graph = graph_bytes(
        [helper.make_node("Add", ["frame", "residual"], ["sum"])],
        [values("frame", "N", 3, "S", "S"), values("residual", "N", 3, "S", "S")],
        [values("sum", "N", 3, "S", "S")],
        [],
    )
    clip_only = {name: v for name, v in parts.weights.items() if name.startswith("clip/")}
    with pytest.raises(PackageError, match=r"got frame, residual -> sum; .*-> features"):
        parts.with_(frame_graph=graph, weights=clip_only).write(tmp_path / "x.stcnet")


def test_refuses_a_map_that_does_not_average_to_the_logit(parts: Parts, tmp_path: Path) -> None:
    axes = helper.make_tensor("axes", 7, [4], [1, 2, 3, 4])
    channels = helper.make_tensor("some", 7, [2], [1, 2])
    graph = graph_bytes(
        [
            helper.make_node("ReduceSum", ["features", "axes"], ["logit"], keepdims=0),
            helper.make_node("ReduceSum", ["features", "some"], ["activation"], keepdims=0),
        ],
        [values("features", "B", 3, 4, "h", "w")],
        [values("logit", "B"), values("activation", "B", "h", "w")],
        [axes, channels],
    )
    frame_only = {name: v for name, v in parts.weights.items() if name.startswith("frame/")}
    with pytest.raises(PackageError, match="does not average to its logit"):
        parts.with_(clip_graph=graph, weights=frame_only).write(tmp_path / "x.stcnet")


def test_says_that_a_folder_is_missing(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        parts.write(tmp_path / "none" / "x.stcnet")


# --- what is refused when read


@pytest.mark.parametrize("member", MEMBERS)
def test_refuses_a_flipped_byte(member: str, package: ModelPackage) -> None:
    with zipfile.ZipFile(package.source) as archive:
        info = archive.getinfo(member)
    data = bytearray(package.source.read_bytes())
    data[info.header_offset + 30 + len(member) + info.compress_size // 2] ^= 0x10
    package.source.write_bytes(data)
    refusal(package.source)
    refusal(package.source, verify=False)


@pytest.mark.parametrize("member", [name for name in MEMBERS if name != "manifest.json"])
def test_refuses_a_changed_member_in_a_sound_zip(member: str, package: ModelPackage) -> None:
    members = unzip(package.source)
    content = bytearray(members[member])
    content[len(content) // 2] ^= 1
    package.source.write_bytes(pack_members({**members, member: bytes(content)}))
    assert f"{member} does not have the hash" in refusal(package.source, verify=False)


def test_refuses_a_manifest_that_names_more_files(package: ModelPackage) -> None:
    members = unzip(package.source)
    manifest = read_manifest(members["manifest.json"], "test")
    more = manifest.model_copy(update={"files": {**manifest.files, "extra.bin": "0" * 64}})
    members["manifest.json"] = more.model_dump_json().encode()
    package.source.write_bytes(pack_members(members))
    assert "extra.bin" in refusal(package.source)


@pytest.mark.parametrize("member", MEMBERS)
def test_refuses_a_missing_member(member: str, package: ModelPackage) -> None:
    members = unzip(package.source)
    del members[member]
    package.source.write_bytes(pack_members(members))
    assert f"lacks {member}" in refusal(package.source)


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def npy_of_a_lie() -> bytes:
    """An examples.npz whose header claims far more numbers than follow."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000,), }\n"
    npy = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    return pack_members({"frames.npy": npy, "logits.npy": npy})


FRAMES = np.zeros((1, 4, 8, 8, 3), np.uint8)
TAMPERED: list[tuple[str, str, Callable[[], bytes], str]] = [
    ("card too long", "MODEL_CARD.md", lambda: bytes(2 << 20), "unpacks to too much"),
    ("graph is junk", "frame.onnx", lambda: b"junk", "frame.onnx: ONNX Runtime refuses"),
    ("weights are junk", "weights.safetensors", lambda: b"junk", "weights cannot be read"),
    ("no weights", "weights.safetensors", lambda: write_weights({}), "initialiser"),
    ("calibration is junk", "calibration.json", lambda: b"junk", "calibration.json"),
    (
        "calibration misses keys",
        "calibration.json",
        lambda: b'{"method": "platt"}',
        "calibration.json: platt.threshold: Field required",
    ),
    (
        "calibration of no known method",
        "calibration.json",
        lambda: b'{"method": "beta"}',
        "'platt', 'temperature', 'isotonic'",
    ),
    ("examples are junk", "examples.npz", lambda: b"junk", "examples.npz: the file is not a zip"),
    (
        "examples by pickle",
        "examples.npz",
        lambda: npz(frames=np.array([{}]), logits=np.zeros(1)),
        "array cannot be read",
    ),
    ("examples claim too much", "examples.npz", npy_of_a_lie, "array cannot be read"),
    (
        "examples unpack to too much",
        "examples.npz",
        lambda: npz(frames=FRAMES, logits=np.zeros(10**5)),
        "examples.npz",
    ),
    (
        "logits of another type",
        "examples.npz",
        lambda: npz(frames=FRAMES, logits=np.zeros(1, np.float32)),
        "logits float64",
    ),
    (
        "more logits than clips",
        "examples.npz",
        lambda: npz(frames=FRAMES, logits=np.zeros(2)),
        "wrong form",
    ),
    (
        "a promise that is not a number",
        "examples.npz",
        lambda: npz(frames=FRAMES, logits=np.array([np.nan])),
        "finite",
    ),
]


@pytest.mark.parametrize(
    ("member", "make", "message"),
    [pytest.param(member, make, text, id=name) for name, member, make, text in TAMPERED],
)
def test_refuses_tampering_that_fits_the_hashes(
    member: str, make: Callable[[], bytes], message: str, package: ModelPackage
) -> None:
    members = rehashed({**unzip(package.source), member: make()})
    package.source.write_bytes(pack_members(members))
    assert message in refusal(package.source)


def with_logits(package: ModelPackage, shift: float) -> None:
    examples = Examples(package.examples.frames, package.examples.logits + shift)
    members = {**unzip(package.source), "examples.npz": write_examples(examples)}
    package.source.write_bytes(pack_members(rehashed(members)))


def test_refuses_examples_that_do_not_come_out(package: ModelPackage) -> None:
    with_logits(package, 0.05)
    assert "example 0 does not come out as the package promises" in refusal(package.source)
    assert ModelPackage.load(package.source, verify=False).name == "tiny"


def test_takes_examples_that_differ_by_rounding(package: ModelPackage) -> None:
    with_logits(package, 1e-5)
    assert ModelPackage.load(package.source).name == "tiny"


def test_says_that_there_is_no_file(tmp_path: Path) -> None:
    assert "No such file or directory" in refusal(tmp_path / "none.stcnet")


def test_says_that_it_is_a_folder(tmp_path: Path) -> None:
    assert "directory" in refusal(tmp_path)


def test_refuses_a_huge_file(package: ModelPackage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_module, "PACKAGE_BYTES", package.source.stat().st_size - 1)
    assert "too large" in refusal(package.source)


def test_a_graph_cannot_read_files_of_its_choice(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a weight in the package, the location of the initialiser names a file that exists.
    monkeypatch.chdir(tmp_path)
    Path("weights.safetensors").write_bytes(bytes(4 * 4 * 3 * 4 * 4))
    less = {name: v for name, v in parts.weights.items() if name != "frame/spatial.weight"}
    with pytest.raises(PackageError, match=r"spatial\.weight"):
        parts.with_(weights=less).write(tmp_path / "x.stcnet")


# --- the bundled package and the import


def test_bundled_package_is_the_one_in_the_models_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(package_module, "_MODELS", tmp_path)
    with pytest.raises(PackageError, match=r"name a \.stcnet file"):
        bundled_package()
    (tmp_path / "flagship-int8.stcnet").touch()
    with pytest.raises(PackageError, match="got none in fp32"):
        bundled_package()
    (tmp_path / "flagship.stcnet").touch()
    assert bundled_package() == tmp_path / "flagship.stcnet"
    assert bundled_package("int8") == tmp_path / "flagship-int8.stcnet"


@pytest.mark.parametrize("module", ["torch", "onnx"])
def test_import_needs_no_training_library(module: str, package: ModelPackage) -> None:
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from stcnet.inference import ModelPackage\n"
        "ModelPackage.load(sys.argv[1])\n"
        f"assert sys.modules[{module!r}] is None\n"
        "assert not {'torch', 'onnx'} & {k for k, v in sys.modules.items() if v}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, os.fspath(package.source)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_scoring_leaves_nothing_in_the_home_of_the_user(tmp_path: Path) -> None:
    """ONNX Runtime 1.32 keeps files of its telemetry there unless it is told not to."""
    program = "from stcnet.inference import ClipScorer, ModelPackage, bundled_package;"
    program += "ClipScorer(ModelPackage.load(bundled_package()))"
    kept = {name: value for name, value in os.environ.items() if "TELEMETRY" not in name}
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", program], env=kept | home, check=True)
    assert list(tmp_path.iterdir()) == []
