"""What a training has measured: rows that can be read, forgotten, and seen in TensorBoard."""

import json
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
    EventAccumulator,
)

from artextract.errors import ModelError
from training.loops.recorder import Recorder

ROWS: list[dict[str, Any]] = [
    {"stage": stage, "epoch": epoch, "loss": 3 / epoch, "score": 0.1 * epoch, "école": epoch + 0.5}
    for stage, epochs in (("stage one", 3), ("stage two", 4))
    for epoch in range(1, epochs + 1)
]


def record(run: Path, rows: list[dict[str, Any]]) -> None:
    with Recorder(run) as recorder:
        for row in rows:
            recorder.add(row)


def test_rows_round_trip_in_order(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    assert recorder.rows() == []
    record(tmp_path, ROWS[:4])
    record(tmp_path, ROWS[4:])  # a run that goes on
    assert recorder.rows() == ROWS
    lines = (tmp_path / "metrics.jsonl").read_bytes().decode("utf-8").split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == ROWS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics.jsonl", "tensorboard"]


def test_tensorboard_has_the_same_numbers(tmp_path: Path) -> None:
    record(tmp_path, ROWS[:4])
    record(tmp_path, ROWS[4:])
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    expected: dict[str, list[tuple[int, float]]] = {}
    for row in ROWS:
        for name in ("loss", "score", "école"):
            key = f"{row['stage']}/{name}"
            expected.setdefault(key, []).append((row["epoch"], row[name]))
    assert sorted(events.Tags()["scalars"]) == sorted(expected)
    for key, values in expected.items():
        found = events.Scalars(key)
        assert [each.step for each in found] == [epoch for epoch, _ in values]
        assert [each.value for each in found] == pytest.approx([value for _, value in values])


@pytest.mark.parametrize(
    ("stage", "epoch", "kept"),
    [
        ("stage one", 0, 0),
        ("stage one", 2, 2),
        ("stage one", 3, 3),
        ("stage one", 9, 3),
        ("stage two", 0, 3),
        ("stage two", 1, 4),
        ("stage two", 4, 7),
        ("stage three", 0, 7),
    ],
)
def test_later_rows_are_dropped_and_earlier_ones_kept(
    stage: str, epoch: int, kept: int, tmp_path: Path
) -> None:
    record(tmp_path, ROWS)
    recorder = Recorder(tmp_path)
    recorder.forget_after(stage, epoch)
    assert recorder.rows() == ROWS[:kept]
    record(tmp_path, ROWS[kept:])
    assert recorder.rows() == ROWS


def test_forget_after_without_rows(tmp_path: Path) -> None:
    Recorder(tmp_path).forget_after("stage one", 3)
    assert Recorder(tmp_path).rows() == []


def test_missing_folder_is_named_in_the_error(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run")
    with pytest.raises(
        ModelError,
        match=r"^[^\n]*run/metrics\.jsonl can't be written \(No such file or directory\); make "
        "room or change its permissions, and resume the training$",
    ):
        recorder.add(ROWS[0])


def test_tensorboard_has_each_epoch_once_after_a_resume(tmp_path: Path) -> None:
    with Recorder(tmp_path) as recorder:
        for epoch in (1, 2, 3):
            recorder.add({"stage": "stage one", "epoch": epoch, "loss": float(epoch)})
    with Recorder(tmp_path) as recorder:
        recorder.forget_after("stage one", 1)
        for epoch in (2, 3):
            recorder.add({"stage": "stage one", "epoch": epoch, "loss": 10.0 * epoch})
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    found = [(event.step, event.value) for event in events.Scalars("stage one/loss")]
    assert found == [(1, 1.0), (2, 20.0), (3, 30.0)]
