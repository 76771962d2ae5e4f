"""How good predictions are, and how far chance moves the figures."""
