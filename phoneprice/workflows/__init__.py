"""Train, evaluate, predict and the rest: the only layer that composes the parts."""
