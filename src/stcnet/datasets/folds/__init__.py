"""Who is tested on what: folds without leaks, and the protocols that make them."""
