"""How a model is built, tuned and judged."""
