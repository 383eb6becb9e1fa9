"""What a training was like: its curves, what went wrong in it, and what to try."""
