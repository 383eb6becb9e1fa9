"""The training loop: a generator of epoch records over stacks of members. It neither prints nor saves."""
