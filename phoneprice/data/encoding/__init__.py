"""From the columns of a table to what a network takes: kinds, labels, dates, inputs, targets."""
