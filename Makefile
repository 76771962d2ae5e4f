# make help
.DEFAULT_GOAL := help
.PHONY: help run serve test lint constraints pictures clean
.DELETE_ON_ERROR:

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
export PATH := $(CURDIR)/$(BIN):$(PATH)

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 8

run: $(BIN)/.run ## install, write sample data if there is none, run the pipeline, show results
	@test -d data || python -m src.samples
	dvc repro
	@python -m src.results

serve: $(BIN)/.run ## answer on http://127.0.0.1:8000 with what `make run` trained
	gunicorn app:api

# A file's tests share what they made: they stay in one process.
test: $(BIN)/.test ## run every test that this machine can, and say what was skipped and why
	pytest --numprocesses auto --maxprocesses 4 --dist loadfile

lint: $(BIN)/.test $(BIN)/.lint ## format and rules (ruff), types (mypy), directions of imports (import-linter)
	ruff format --check .
	ruff check .
	mypy
	lint-imports

pictures: $(BIN)/.test ## take the pictures of the README anew (chromium, and what make run made)
	python -m benchmarks.pictures

constraints: ## pin the newest versions that fit pyproject.toml
	$(PYTHON) -m venv .venv-new
	.venv-new/bin/python -m pip install --quiet --editable '.[cpu,samples,postgres,test,lint]'
	echo '# Versions that are known to work together; made anew by: make constraints' > constraints.txt
	.venv-new/bin/python -m pip freeze --exclude-editable >> constraints.txt
	rm -rf .venv-new

clean: ## remove what can be made again: .venv, artifacts and caches; data and runs stay
	rm -rf .venv artifacts .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(BIN)/python:
	$(PYTHON) -m venv .venv

# Each stamp is one set of packages, installed again when the list of them changes.
$(BIN)/.run: $(BIN)/python pyproject.toml constraints.txt
	@echo "installing into .venv"
	$(INSTALL) --editable '.[cpu,samples]'
	@touch $@

$(BIN)/.test: $(BIN)/.run
	$(INSTALL) --editable '.[cpu,samples,postgres,test]'
	@touch $@

$(BIN)/.lint: $(BIN)/.run
	$(INSTALL) --editable '.[cpu,samples,lint]'
	@touch $@
