# Each target sets up what it needs: a virtual environment in .venv, from constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-fast lint lint-style lint-format lint-types check release solutions fairness calibration lock clean

demo: $(READY)
	$(BIN)/autograder demo

# One process more than cores: some tests wait rather than compute. tests/shares.py says who does what.
PROCESSES := $(shell $(PYTHON) -c 'import os; print(1 + min(5, os.cpu_count() or 1))')

test: $(READY)
	$(BIN)/python -m pytest --numprocesses $(PROCESSES)

test-fast: $(READY)
	$(BIN)/python -m pytest -m "not slow" --numprocesses 2

# Each of the three is a hook in .pre-commit-config.yaml as well.
lint: lint-style lint-format lint-types

lint-style: $(READY)
	$(BIN)/ruff check .

lint-format: $(READY)
	$(BIN)/ruff format --check .

lint-types: $(READY)
	$(BIN)/mypy

# Lab file, notebooks and what is generated of them must agree.
check: $(READY)
	$(BIN)/autograder check

release: $(READY)
	$(BIN)/autograder release

solutions: $(READY)
	$(BIN)/autograder solutions

# Grades the corpus on both sources of digits (DIGITS names a file with MNIST's test images) and writes the fairness statement.
DIGITS ?= mnist
fairness: $(READY)
	$(BIN)/python -m pytest tests/test_corpus.py --numprocesses $(PROCESSES) --record docs/embedded.jsonl
	$(BIN)/python -m pytest tests/test_corpus.py --numprocesses $(PROCESSES) --images $(DIGITS) --record docs/mnist.jsonl
	$(BIN)/python tests/fairness.py docs/embedded.jsonl docs/mnist.jsonl > docs/FAIRNESS.md
	rm docs/embedded.jsonl docs/mnist.jsonl

# What the judge's bounds rest on: about 5,000 trainings on both sources of digits. If interrupted, it goes on where it was.
calibration: $(READY)
	$(BIN)/autograder calibrate --again --data embedded --data $(DIGITS) --output docs/calibration

# Pins what is installed now; names no index.
lock: $(READY)
	$(BIN)/python -m pip list --format=freeze --exclude-editable --exclude pip > constraints.txt

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ". Name another with: make PYTHON=python3.12")'
	@$(PYTHON) -c 'import venv, ensurepip' || { echo "Python lacks its venv module. On Debian: apt-get install python3-venv"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,notebooks]'
	@touch $(READY)

clean:
	rm -rf $(VENV) demo .mypy_cache .pytest_cache .ruff_cache
