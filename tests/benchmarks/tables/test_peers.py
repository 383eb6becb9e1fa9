"""Each peer that is installed learns from numbers and text with missing cells, and predicts what it has not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tables.loading import Rows
from tables.peers import PEERS, PeerModel, is_installed
from tables.protocol import Fold

ROWS = 60
FOLD = Fold(np.arange(0, 48), np.arange(48, ROWS))


def _rows(labels: tuple[str, ...]) -> Rows:
    generator = np.random.default_rng(0)
    number = generator.normal(size=ROWS)
    text = np.array(["a", "b", None], dtype=object)[np.arange(ROWS) % 3]
    text[-1] = "unknown"
    features = pd.DataFrame({"number": np.where(np.arange(ROWS) % 7, number, np.nan), "text": text})
    features["text"] = features["text"].astype(object)
    truth = np.arange(ROWS) % 3 if labels else number + (np.arange(ROWS) % 3)
    return Rows(features, truth, labels, 0, 0)


@pytest.mark.parametrize("labels", [(), ("x", "y", "z")], ids=["numbers", "classes"])
@pytest.mark.parametrize("name", [name for name, peer in PEERS.items() if is_installed(peer) and not peer.optional])
def test_a_peer_answers(name: str, labels: tuple[str, ...]) -> None:
    if name in {"random forest", "CatBoost"}:
        pytest.skip("takes a second")
    answer = PeerModel(PEERS[name], 1).answer(_rows(labels), FOLD)
    assert answer.predicted.shape == (12,)
    assert answer.fit_seconds > 0 < answer.predict_seconds
    if labels:
        assert answer.probabilities is not None
        assert answer.probabilities.sum(axis=1) == pytest.approx(1)
        assert answer.predicted.max() <= 2
    else:
        assert answer.probabilities is None
        assert np.isfinite(answer.predicted).all()
