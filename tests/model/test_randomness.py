"""Randomness belongs to the member: a function of seed, member, purpose, epoch and step alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from phoneprice.model.randomness import Purpose, shuffled, stream, uniform_int16


def test_a_stream_is_a_function_of_its_place() -> None:
    first = stream(3, 1, Purpose.SHUFFLE, 5).random_raw(8)
    stream(3, 2, Purpose.SHUFFLE, 5).random_raw(100)  # what others draw makes no difference
    np.testing.assert_array_equal(stream(3, 1, Purpose.SHUFFLE, 5).random_raw(8), first)


def test_streams_share_no_number() -> None:
    places = itertools.product((0, 1, 2**32 - 1), (0, 1, 999), Purpose, (0, 1, 1_000_000))
    words = [int(word) for place in places for word in stream(*place).random_raw(16)]
    assert len(set(words)) == len(words) == 3 * 3 * 3 * 3 * 16


@pytest.mark.parametrize("count", [1, 15, 16, 17, 1000])
def test_any_step_can_be_had_without_those_before(count: int) -> None:
    words = -(-count // 16) * 4
    whole = stream(1, 2, Purpose.DROPOUT, 3).random_raw(7 * words)
    for step in range(7):
        expected = whole[step * words : (step + 1) * words].view(np.int16)[:count]
        np.testing.assert_array_equal(uniform_int16(1, 2, 3, step, count), expected)


def test_integers_are_uniform() -> None:
    drawn = uniform_int16(0, 0, 0, 0, 1_000_000)
    assert drawn.dtype == np.int16
    counts = np.histogram(drawn, bins=64, range=(-32768, 32768))[0]
    expected = len(drawn) / 64
    assert np.square(counts - expected).sum() / expected < 63 + 5 * np.sqrt(2 * 63)  # chi-squared


def test_shuffles_are_permutations_of_their_own() -> None:
    rows = np.array([4, 8, 15, 16, 23, 42, 99, 100, 101, 102])
    orders = {tuple(shuffled(rows, s, m, e)) for s, m, e in itertools.product((0, 1), (0, 1), range(5))}
    assert len(orders) == 20
    assert all(sorted(order) == rows.tolist() for order in orders)
    assert rows.tolist() == [4, 8, 15, 16, 23, 42, 99, 100, 101, 102]
    np.testing.assert_array_equal(shuffled(rows, 1, 0, 3), shuffled(rows, 1, 0, 3))
