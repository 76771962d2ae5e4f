# make help
.DEFAULT_GOAL := help
.PHONY: help install ci run retrain propose serve test lint audit constraints notebook reference pictures image image-proof clean
.DELETE_ON_ERROR:

TARGET ?= serve
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Hundreds of processes import the same modules: each is compiled once.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

install: $(BIN)/.run ## install into .venv what the targets below need

run: $(BIN)/.run ## install, write sample data if there is none, run the pipeline, show results
	@test -d data || python -m src.samples
	@python -m src.support.dvc_lock
	dvc repro
	@python -m src.results

# Make itself answers 2 for whatever a command answers; the command's own codes: its --help.
retrain: $(BIN)/.run ## pull data, run the pipeline, report what changed; COMMIT=1 commits it
	@test -d data || test -n "$$(dvc remote list)" || python -m src.samples
	@python -m src.retrain $(if $(filter 1,$(COMMIT)),--commit) || test $$? = 3

propose: $(BIN)/.run ## push what `make retrain COMMIT=1` committed, as a pull request with the report
	@python -m src.propose

serve: $(BIN)/.run ## answer on http://127.0.0.1:8000 with what `make run` trained
	gunicorn app:api

# A file's tests share what they made: they stay in one process.
test: $(BIN)/.test ## run every test that this machine can, and say what was skipped and why
	pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

ci: ## what must pass before anything is merged: installs what is missing, tests, trains
	.ci/run

lint: $(BIN)/.test $(BIN)/.lint ## format and rules (ruff), types (mypy), directions of imports (import-linter)
	ruff format --check .
	ruff check .
	mypy
	lint-imports

# Its codes: python -m container.audit --help. Make itself answers 2 for each of them but 0.
audit: $(BIN)/.audit ## look up advisories of the pinned packages, and list what is installed (CycloneDX)
	@python -m container.audit

notebook: $(BIN)/.test ## run notebooks/*.py anew and write them with outputs, as .ipynb
	@test -f data/diamonds.csv || python -m src.samples diamonds.csv
	python -m notebooks.execute

reference: $(BIN)/.run ## write the generated pages of docs/reference anew
	@python -m manual

pictures: $(BIN)/.test ## take the pictures of the README anew (chromium, and what make run made)
	python -m benchmarks.pictures

image: ## build the container image with docker; TARGET=learn: the one that also trains
	docker build --target $(TARGET) --tag lapidary:$(TARGET) \
		--build-arg REVISION=$$(git rev-parse HEAD) .

image-proof: $(BIN)/.test ## build and use both images without docker (as root, with debootstrap)
	python -m tests.container.prove

constraints: ## pin the newest versions that fit pyproject.toml
	$(PYTHON) -m venv .venv-new
	.venv-new/bin/python -m pip install --quiet --editable '.[pipeline,cpu,lightgbm,catboost,samples,postgres,sign,notebook,test,lint,audit]'
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
	$(INSTALL) --editable '.[pipeline,cpu,samples]'
	@touch $@

$(BIN)/.test: $(BIN)/.run
	$(INSTALL) --editable '.[pipeline,cpu,lightgbm,catboost,samples,postgres,sign,notebook,test]'
	@touch $@

$(BIN)/.lint: $(BIN)/.run
	$(INSTALL) --editable '.[pipeline,cpu,samples,sign,lint]'
	@touch $@

$(BIN)/.audit: $(BIN)/.run
	$(INSTALL) --editable '.[pipeline,cpu,samples,audit]'
	@touch $@
