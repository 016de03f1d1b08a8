# Everything that a fresh machine needs is installed by the first two targets.
VENV ?= .venv
BIN = $(VENV)/bin
# A PowerShell that plays the lab's Windows hosts, where one is at hand.
ifneq ($(wildcard ../shared/pwsh/pwsh),)
export IPSEC_LAB_POWERSHELL ?= $(abspath ../shared/pwsh/pwsh)
endif

.PHONY: demo test check bench fuzz clean

demo: ## The whole how-to on a real domain, on this machine
	@.ci/prepare demo
	@$(BIN)/orchestrate demo

test: ## Formatting, lint, types, layers, and every test
	@.ci/prepare test
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: ## Formatting, lint, types and layers only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/interrogate -q tests
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 ipsec_orchestrator --exclude ipsec_orchestrator/lab
	$(BIN)/mypy --platform darwin ipsec_orchestrator --exclude ipsec_orchestrator/lab
	$(BIN)/pyright --pythonpath $(BIN)/python

bench: ## Times as ratios against a peer of the same run
	@.ci/prepare test
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/quiet_passes.py

fuzz: ## The codecs against arbitrary bytes, for a minute
	@.ci/prepare test
	$(BIN)/python -m pip install -q --group fuzz
	$(BIN)/python tests/fuzz/fuzz_codec.py --seconds 60 --runs 1000000000

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
