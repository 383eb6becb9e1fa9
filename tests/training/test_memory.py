"""What glibc's allocator is told; that steps get faster by it is for the benchmarks."""

from __future__ import annotations

import ctypes
import sys
from types import SimpleNamespace

import pytest

from phoneprice.training.memory import keep_freed_memory

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h


def told(monkeypatch: pytest.MonkeyPatch, platform: str, **library: object) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(**library))
    keep_freed_memory()


def test_glibc_keeps_blocks_of_up_to_32_mebibytes(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int]] = []
    told(monkeypatch, "linux", mallopt=lambda *setting: calls.append(setting))
    assert calls == [(M_MMAP_THRESHOLD, 32 << 20), (M_TRIM_THRESHOLD, 2**31 - 1)]


def test_elsewhere_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int]] = []
    told(monkeypatch, "darwin", mallopt=lambda *setting: calls.append(setting))
    told(monkeypatch, "linux")  # another C library
    assert calls == []
