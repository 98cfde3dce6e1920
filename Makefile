# Needed beforehand: python3 (3.11 or newer) with venv, and make. Each target sets up what it needs in .venv, once.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint bench agreement selftest drawing networks notebooks pictures docs clean
.DEFAULT_GOAL := help

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("autograd-core needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv || { rm -rf .venv; echo "python3 -m venv failed; on Debian: apt install python3-venv"; exit 1; }

# one stamp for each set of extras, so that a target installs no more than it needs
.venv/.demo .venv/.suite .venv/.dev .venv/.notebooks .venv/.bench: .venv/.%: .venv/bin/python pyproject.toml
	$(PIP) --editable '.[$*]'
	@touch $@

demo: .venv/.demo  ## train an MLP and a CNN on handwritten digits; report in runs/demo/index.html
	$(BIN)/python -m nn demo

test: .venv/.suite .venv/.demo  ## the whole test suite
	$(BIN)/python -m pytest

lint: .venv/.dev  ## format check, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/.bench  ## side by side with PyTorch, JAX and others; writes runs/bench/index.html and docs/benchmarks.md
	$(BIN)/python -m benchmarks --publish docs/benchmarks.md

agreement: .venv/.bench  ## every operation beside its counterpart in PyTorch, on PyTorch's own samples; writes docs/agreement.md
	$(BIN)/python -m benchmarks.agreement

selftest: .venv/.bench  ## the gradient check on planted bugs and right derivatives, beside those of PyTorch and JAX; writes docs/gradcheck-selftest.md
	$(BIN)/python -m benchmarks.gradcheck

drawing: .venv/.bench  ## pictures of graphs beside torchviz and torchview; writes docs/drawing.md
	$(BIN)/python -m benchmarks.drawing

networks: .venv/.bench  ## layers, losses, optimizers and models beside PyTorch; writes docs/networks.md
	$(BIN)/python -m benchmarks.networks

notebooks: .venv/.notebooks  ## run every notebook from top to bottom, and compare it with its text; say how long each took
	PYTHONWARNINGS=error $(BIN)/python -m pytest --nbmake --durations=0 --durations-min=0.5 notebooks tests/test_notebooks.py

pictures: .venv/.demo  ## draw the pictures that the README and docs/ show, into docs/pictures
	$(BIN)/python docs/make_pictures.py

docs: .venv/.suite  ## write the pages of docs/ that are made from the operations' records
	$(BIN)/python -m autograd_core.reference docs

clean:  ## remove the environment and everything generated
	rm -rf .venv runs build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

help:
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12
