"""Sample data of three problems, the same bytes every time."""
