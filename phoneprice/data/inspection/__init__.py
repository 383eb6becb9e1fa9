"""What a table tells of itself: how its cells are written, which columns are what, what is odd in it."""
