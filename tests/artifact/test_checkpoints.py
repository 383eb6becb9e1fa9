"""Checkpoints: what is written comes back exactly, and nothing else is believed."""

from __future__ import annotations

import errno
import os
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from phoneprice.artifact.checkpoints import FORMAT, Checkpoint, CheckpointStore, _render
from phoneprice.artifact.folders import OpenDirectory
from phoneprice.artifact.manifest import sha256
from phoneprice.errors import ModelError, StorageError
from phoneprice.records import EpochRecord
from tests.random_runs import names


def checkpoint(seed: int = 0, epochs: int = 2) -> Checkpoint:
    random = np.random.default_rng(seed)
    state = {
        "weights": random.normal(size=(3, 4)).astype(np.float32),
        "best": np.array([np.inf, np.nan, -0.0]),
        "active": np.array([True, False]),
        "step": np.array(7, np.int64),
        "none": np.zeros((0, 3), np.float32),
        "turned": random.normal(size=(2, 5)).astype(np.float32).T,
    }
    history = [
        EpochRecord(
            epoch=epoch,
            train_loss=random.normal(size=3),
            validation_loss=np.full(3, np.nan),
            learning_rate=random.normal(size=3),
            active=np.array([True, True, False]),
            health={"b": random.normal(size=(3, 2)), "a": np.zeros((3, 1))},
        )
        for epoch in range(1, epochs + 1)
    ]
    return Checkpoint({"optimizer": {"lr": 0.1}, "threads": 2, "name": "手机"}, state, history)


def same(one: Checkpoint, other: Checkpoint) -> bool:
    def bits(values: np.ndarray) -> tuple[object, ...]:
        return values.dtype, values.shape, np.ascontiguousarray(values).tobytes()

    def plain(record: EpochRecord) -> dict[str, object]:
        flat = {**vars(record), **record.health}
        del flat["health"]
        return {name: bits(np.asarray(value)) for name, value in flat.items()}

    return (
        one.origin == other.origin
        and {n: bits(v) for n, v in one.state.items()} == {n: bits(v) for n, v in other.state.items()}
        and list(map(plain, one.history)) == list(map(plain, other.history))
    )


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    return store_in(tmp_path)


def store_in(work: Path) -> CheckpointStore:
    return CheckpointStore(OpenDirectory.at(work), Path("runs/mine"))


@pytest.mark.parametrize("epochs", [0, 1, 5])
def test_every_bit_comes_back(store: CheckpointStore, epochs: int) -> None:
    store.save(checkpoint(epochs=epochs))
    found, damaged = store.load()
    assert found is not None
    assert same(found, checkpoint(epochs=epochs))
    assert damaged == ()


def test_the_two_last_ones_are_kept(store: CheckpointStore, tmp_path: Path) -> None:
    for seed in range(4):
        store.save(checkpoint(seed))
    assert [name[:9] for name in names(tmp_path / "checkpoints")] == ["00000003-", "00000004-"]
    again = store_in(tmp_path)
    found, _ = again.load()
    assert found is not None
    assert same(found, checkpoint(3))
    again.save(checkpoint(4))
    assert [name[:9] for name in names(tmp_path / "checkpoints")] == ["00000004-", "00000005-"]


def test_nothing_was_written(store: CheckpointStore) -> None:
    assert store.load() == (None, ())


def test_a_damaged_one_gives_way_and_is_never_kept(store: CheckpointStore, tmp_path: Path) -> None:
    store.save(checkpoint(1))
    store.save(checkpoint(2))
    folder = tmp_path / "checkpoints"
    good, bad = names(folder)
    (folder / bad).write_bytes((folder / bad).read_bytes()[:-1])
    again = store_in(tmp_path)
    found, damaged = again.load()
    assert found is not None
    assert same(found, checkpoint(1))
    assert damaged == (bad,)
    again.save(checkpoint(3))
    assert names(folder)[0] == good
    assert names(folder)[1].startswith("00000003-")


def test_a_half_written_one_is_no_checkpoint(store: CheckpointStore, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / f"00000001-{'0' * 64}.unfinished").write_bytes(b"half")
    assert store.load() == (None, ())
    store.save(checkpoint())
    assert len(names(tmp_path / "checkpoints")) == 1


def test_one_whose_writer_was_killed_is_written_again(
    store: CheckpointStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _render(checkpoint())
    monkeypatch.setattr("phoneprice.artifact.checkpoints._render", lambda _: data)
    store.save(checkpoint())
    (whole,) = (tmp_path / "checkpoints").iterdir()
    whole.rename(whole.with_suffix(".unfinished"))
    store_in(tmp_path).save(checkpoint())
    assert names(tmp_path / "checkpoints") == [whole.name]


def test_a_full_disk_holds_no_more_than_one_half(
    store: CheckpointStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for epoch in (1, 2, 3):
            with pytest.raises(StorageError):
                store.save(checkpoint(epoch))
    (half,) = names(tmp_path / "checkpoints")
    assert half.endswith(".unfinished")
    store.save(checkpoint(4))
    (whole,) = names(tmp_path / "checkpoints")
    assert whole.endswith(".safetensors")


ARRAY = {"state/x": np.zeros(1, np.float32)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04.",
        save(ARRAY),
        save(ARRAY, {"format": "phoneprice checkpoint 2", "origin": "{}"}),
        save(ARRAY, {"format": FORMAT}),
        save(ARRAY, {"format": FORMAT, "origin": '{"a": 1, "a": 2}'}),
        save({"history/epoch": np.array([1])}, {"format": FORMAT, "origin": "{}"}),
        save(ARRAY, {"format": FORMAT, "origin": "{}"})[:-1],
        (2**62).to_bytes(8, "little") + b"{}",
    ],
)
def test_another_file_under_its_right_hash(store: CheckpointStore, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "checkpoints").mkdir()
    name = f"00000001-{sha256(data)}.safetensors"
    (tmp_path / "checkpoints" / name).write_bytes(data)
    with pytest.raises(ModelError) as caught:
        store.load()
    assert str(caught.value) == f"runs/mine: all its checkpoints are damaged ({name}); train without --resume"


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("")
    with pytest.raises(StorageError) as caught:
        store_in(tmp_path).save(checkpoint())
    assert str(caught.value) == (
        f"{tmp_path}/checkpoints: is a file, which this program has not made, so it was not touched; "
        "rename or delete it, or choose another name"
    )


def test_numbers_that_no_training_reaches_are_damaged(store: CheckpointStore, tmp_path: Path) -> None:
    """After the last number of eight digits the next would have nine, and be found by nobody."""
    store.save(checkpoint(1))
    folder = tmp_path / "checkpoints"
    (good,) = names(folder)
    planted = f"99999999-{good[9:]}"
    shutil.copyfile(folder / good, folder / planted)
    again = store_in(tmp_path)
    found, damaged = again.load()
    assert found is not None
    assert damaged == (planted,)
    again.save(checkpoint(2))
    assert [name[:8] for name in names(folder)] == ["00000001", "00000002"]


@pytest.mark.parametrize("size", [2**28, 2**43])
def test_one_of_any_size_is_damaged_and_not_taken_into_memory(
    store: CheckpointStore, tmp_path: Path, size: int
) -> None:
    store.save(checkpoint(1))
    planted = f"00000009-{'0' * 64}.safetensors"
    with (tmp_path / "checkpoints" / planted).open("wb") as file:
        try:
            file.truncate(size)
        except OSError:
            pytest.skip("the file system has no files of that size")
    tracemalloc.start()
    found, damaged = store_in(tmp_path).load()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found is not None
    assert damaged == (planted,)
    assert peak < 2**24
