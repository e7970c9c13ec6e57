# Two commands matter: `make demo` and `make test`. Both set everything up on their own.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
CODE := $(wildcard mailing webapp worker console tests bench)
STAMP := .venv/.installed

.PHONY: help setup test check format demo bench soak lock

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP)  ## Create .venv with the exact set of requirements.txt

# Hashes are demanded of everything from the index. The product itself is linked in place, with the
# build tool of the hashed set, so that nothing unhashed is fetched for it.
$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Kelisim needs Python 3.11 or later; say make PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Installing into .venv (about a minute the first time)" >&2
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

test: setup  ## Run the test-suite on embedded services (ARGS for pytest)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

check: setup  ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

format: setup  ## Put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

demo: setup  ## Walk the main job on real parts (ARGS=--once ends by itself)
	@$(BIN)/kelisim demo $(ARGS)

bench: setup  ## Measure, each figure a ratio to a reference of the same run
	@$(BIN)/python -m bench $(ARGS)

soak: setup  ## The tests that take minutes
	@$(BIN)/python -m pytest -m soak $(ARGS)

# No index address is written into these files, so they install from whatever index pip is set to.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml
lock:  ## Pin again after pyproject.toml changed (needs uv)
	$(LOCK) --all-extras --output-file requirements.txt
	$(LOCK) --extra build --constraints requirements.txt --output-file requirements-image.txt
