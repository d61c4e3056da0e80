# Every target sets up what it needs; a fresh machine needs Python 3.11 or newer and make.
PYTHON ?= python3
SIZE ?= small
BIN := .venv/bin
.DELETE_ON_ERROR:
.PHONY: demo files test check bench picture screenshots lock wheel clean

.venv/runtime: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

.venv/dev: requirements-dev.lock .venv/runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

demo: .venv/runtime ## two organizations, their reports in every format in ./octavo-demo, keys for their people, and the server until Ctrl-C; SIZE=medium or large for more
	$(BIN)/octavo demo --size $(SIZE)

files: .venv/runtime ## the same without the server
	$(BIN)/octavo demo --no-serve --size $(SIZE)

test: .venv/dev ## the whole suite
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/dev ## style, types, import contracts, file length
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	PYTHONPATH=src $(BIN)/lint-imports
	$(BIN)/python tests/house.py

bench: .venv/dev ## side by side with what a user would pick instead; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

picture: .venv/dev ## the pictures in README, from what `make files` made
	$(BIN)/python docs/pictures.py

screenshots: .venv/dev ## the pictures of the pages in README; docs/screenshots.py FOLDER takes every page, wide and narrow, light and dark
	$(BIN)/python docs/screenshots.py

lock: .venv/dev ## pin every dependency anew
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 -c requirements.lock --group dev --group bench pyproject.toml -o requirements-dev.lock

wheel: .venv/dev
	$(BIN)/python -m build --wheel

clean:
	rm -rf .venv build dist octavo-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
