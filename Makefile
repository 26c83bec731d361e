# make demo   the main job from end to end on a small gallery, without torch
# make test   the whole test suite (installs torch too)
# make check  format, lint, types, import contracts
# make bench  the figures of the README, from one run
# make clean  remove what the above have made

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check bench clean

demo: $(VENV)/.light
	$(BIN)/artextract demo --out demo

# One worker a core, so one thread each: more would wait for one another. Files in their order, since
# the longest have few tests and would come last; generated examples are the same each time.
test: $(VENV)/.full
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder \
	    --hypothesis-profile ci

check: $(VENV)/.full
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.full
	$(BIN)/python -m benchmarks.main_job
	$(BIN)/python benchmarks/nga_tables.py
	$(BIN)/python benchmarks/nga_ingest.py

clean:
	rm -rf $(VENV) demo build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# A GPU wheel and its CPU wheel overwrite each other: a machine with the GPU wheel keeps it.
keep    = $(shell $(BIN)/python -m pip show --quiet $(1) 2>/dev/null && echo $(2) || echo $(3))
RUNTIME = $(call keep,onnxruntime-gpu,gpu,cpu)
BENCH   = $(call keep,faiss-gpu,bench-gpu,bench)

$(VENV)/.light: pyproject.toml | $(BIN)/python
	$(PIP) --editable ".[$(RUNTIME)]"
	touch $@

$(VENV)/.full: pyproject.toml | $(BIN)/python
	$(PIP) --editable ".[$(RUNTIME),train,web,map,verify,$(BENCH),dev]"
	touch $@ $(VENV)/.light
