# `make help` lists the targets: those with a comment that begins with ##.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test check docs bench clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.light ## Ingest a small gallery and search it, without torch.
	$(BIN)/artextract demo --out demo

# One worker a core, so one thread each: more would wait for one another. Files in their order, since
# the longest have few tests and would come last; generated examples are the same each time.
test: $(VENV)/.full ## Run the whole test suite (installs torch too, about 5 GB).
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder \
	    --hypothesis-profile ci

check: $(VENV)/.full docs ## Check format, lint, types, import contracts and the documentation.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.full ## Build the documentation site in build/site; warnings are errors.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(VENV)/.full ## Measure the main job again (docs/benchmarks/speed.md).
	$(BIN)/python -m benchmarks.main_job
	$(BIN)/python benchmarks/nga_tables.py
	$(BIN)/python benchmarks/nga_ingest.py

clean: ## Remove what the other targets have made.
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
	$(PIP) --editable ".[$(RUNTIME),train,web,map,verify,formats,$(BENCH),docs,dev]"
	touch $@ $(VENV)/.light
