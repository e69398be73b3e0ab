"""How fast training and checking are."""
