"""A request and its answer: worker, exchange, body, media, problems, hooks."""
