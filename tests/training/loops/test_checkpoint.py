"""Checkpoints: whole or refused, and never lost to a disk that is full."""

import os
import pickle
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from artextract.errors import ModelError
from training.loops.checkpoint import Checkpoints, fingerprint

BELONGS = {"settings": "a" * 16, "classes": "b" * 16, "works": "c" * 16}


def make_state() -> dict[str, Any]:
    return {
        "stage": "stage one",
        "epoch": 3,
        "losses": 0.1 + 0.2,
        "module": {"weight": torch.arange(12.0).reshape(3, 4), "steps": torch.tensor(7)},
        "rates": [1e-3, {"half": torch.tensor([0.5, -2.0], dtype=torch.bfloat16)}],
    }


def assert_equal(found: Any, expected: Any) -> None:
    assert type(found) is type(expected)
    if isinstance(expected, torch.Tensor):
        assert found.dtype == expected.dtype
        assert torch.equal(found, expected)
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        for key, value in expected.items():
            assert_equal(found[key], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_equal(one, other)
    else:
        assert found == expected


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints", BELONGS)


def test_save_and_load_round_trip(checkpoints: Checkpoints) -> None:
    assert not checkpoints.exists("last")
    with pytest.raises(ModelError, match=r"there is no checkpoint .*last\.pt; train first, or"):
        checkpoints.load("last")
    checkpoints.save("last", {"epoch": 1})
    checkpoints.save("best", {"epoch": 2})
    checkpoints.save("last", make_state())
    assert checkpoints.exists("last")
    assert_equal(checkpoints.load("last"), make_state())
    assert checkpoints.load("best") == {"epoch": 2}
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == ["best.pt", "last.pt"]


def test_truncated_checkpoint_is_refused(checkpoints: Checkpoints) -> None:
    checkpoints.save("last", make_state())
    path = checkpoints.path("last")
    whole = path.read_bytes()
    for length in [*range(0, len(whole), len(whole) // 30), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(
            ModelError, match=rf"^[^\n]*last\.pt is damaged \([^\n]* {length:,} bytes\); restore it"
        ):
            checkpoints.load("last")


def test_checkpoint_with_a_flipped_bit_is_refused_or_loads_equal(
    checkpoints: Checkpoints,
) -> None:
    checkpoints.save("last", make_state())
    path = checkpoints.path("last")
    whole = path.read_bytes()
    refused = {}
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            assert_equal(checkpoints.load("last"), make_state())
        except ModelError as error:
            refused[at] = str(error)
    assert all(re.search(r"last\.pt is damaged \([^\n]*$", each) for each in refused.values())
    # All of a tensor and of the pickle; filling and times in the archive say nothing.
    weight = whole.index(torch.arange(12.0).numpy().tobytes())
    pickled = whole.index(b"stage one")
    assert refused.keys() >= {*range(weight, weight + 48), *range(pickled, pickled + 9)}


def test_other_files_are_refused_as_checkpoints(checkpoints: Checkpoints) -> None:
    checkpoints.folder.mkdir()
    path = checkpoints.path("last")
    for data in (b"", b"no checkpoint\n" * 50, pickle.dumps(make_state()), b"PK\x03\x04" * 30):
        path.write_bytes(data)
        with pytest.raises(ModelError, match=r"^[^\n]*last\.pt is damaged [^\n]*$"):
            checkpoints.load("last")
    whole = {"format": 1, "belongs": BELONGS, "state": make_state()}
    for other in ([1], {}, {**whole, "format": 2}, {**whole, "state": 3}, {**whole, "belongs": 3}):
        torch.save(other, path)
        with pytest.raises(ModelError, match=r"last\.pt is no checkpoint of format 1; give the"):
            checkpoints.load("last")
    path.unlink()
    path.mkdir()
    with pytest.raises(ModelError, match=r"last\.pt can't be read \(Is a directory\); change"):
        checkpoints.load("last")


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_code_in_a_checkpoint_is_not_executed(checkpoints: Checkpoints, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    whole = {"format": 1, "belongs": BELONGS, "state": {"epoch": Trap(sprung)}}
    pickle.loads(pickle.dumps(whole))
    assert sprung.is_dir()  # so it is a trap
    sprung.rmdir()
    checkpoints.folder.mkdir()
    for legacy in (False, True):
        torch.save(whole, checkpoints.path("last"), _use_new_zipfile_serialization=not legacy)
        with pytest.raises(ModelError, match=r"^[^\n]*last\.pt is damaged [^\n]*$"):
            checkpoints.load("last")
    checkpoints.path("last").write_bytes(pickle.dumps(whole))
    with pytest.raises(ModelError, match=r"last\.pt is damaged"):
        checkpoints.load("last")
    assert not sprung.exists()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("settings", "another configuration"),
        ("classes", "other classes"),
        ("works", "other samples, labels or another split"),
    ],
)
def test_checkpoint_of_another_training_is_refused(
    kind: str, words: str, checkpoints: Checkpoints
) -> None:
    checkpoints.save("last", make_state())
    here = fingerprint(["others"])
    others = Checkpoints(checkpoints.folder, {**BELONGS, kind: here})
    with pytest.raises(
        ModelError,
        match=rf"last\.pt belongs to a training with {words} \({BELONGS[kind]}, here {here}\); ",
    ):
        others.load("last")
    # Who does not ask for it does not mind.
    fewer = {name: value for name, value in BELONGS.items() if name != kind}
    assert_equal(Checkpoints(checkpoints.folder, fewer).load("last"), make_state())


def test_fingerprints_differ_where_values_do() -> None:
    values = [[], {}, None, "1", 1, [1], [1, 2], [2, 1], {"a": 1}, {"a": "1"}, {"b": 1}, "é", "e"]
    assert len({fingerprint(value) for value in values}) == len(values)
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})


@pytest.fixture
def small_disk(mount: Callable[..., Path]) -> Path:
    """A file system of 1 MiB of its own."""
    return mount("size=1m")


def test_previous_checkpoint_survives_a_full_disk(small_disk: Path) -> None:
    checkpoints = Checkpoints(small_disk / "checkpoints", BELONGS)
    checkpoints.save("last", make_state())
    for name in ("last", "best"):
        with pytest.raises(
            ModelError,
            match=rf"{name}\.pt of 4 MiB can't be written \(No space left on device\); "
            "earlier checkpoints are kept, .* resume the training$",
        ):
            checkpoints.save(name, {"weight": torch.zeros(1 << 20)})
        assert [path.name for path in checkpoints.folder.iterdir()] == ["last.pt"]
    assert_equal(checkpoints.load("last"), make_state())
    checkpoints.save("last", {"epoch": 4})
    assert checkpoints.load("last") == {"epoch": 4}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any folder")
def test_previous_checkpoint_survives_an_unwritable_folder(checkpoints: Checkpoints) -> None:
    checkpoints.save("last", make_state())
    checkpoints.folder.chmod(0o500)
    try:
        with pytest.raises(ModelError, match=r"can't be written \(Permission denied\)"):
            checkpoints.save("last", {"epoch": 4})
        assert_equal(checkpoints.load("last"), make_state())
    finally:
        checkpoints.folder.chmod(0o700)


@pytest.mark.parametrize("bits", [0x08, 0x10, 0xFF])
def test_no_changed_byte_loads_other_values(bits: int, checkpoints: Checkpoints) -> None:
    expected = torch.arange(6.0)
    checkpoints.save("last", {"values": expected})
    path = checkpoints.path("last")
    whole = path.read_bytes()
    refused = 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :])
        try:
            assert torch.equal(checkpoints.load("last")["values"], expected), at
        except ModelError:
            refused += 1
    assert refused > len(whole) // 4


def test_read_only_disk_raises(small_disk: Path) -> None:
    checkpoints = Checkpoints(small_disk, BELONGS)
    checkpoints.save("last", {"epoch": 1})
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(ModelError, match=r"can't be written \(Read-only file system\)"):
        checkpoints.save("last", {"epoch": 2})
    assert checkpoints.load("last") == {"epoch": 1}


def test_file_in_place_of_the_folder_raises(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a note")
    with pytest.raises(ModelError, match="can't be written"):
        Checkpoints(tmp_path / "checkpoints", BELONGS).save("last", {"epoch": 1})
