"""Tables to try things with: the bundled phones, and Kaggle's."""
