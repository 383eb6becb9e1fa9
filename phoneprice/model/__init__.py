"""The batched multi-layer perceptron: K networks on a leading member axis."""
