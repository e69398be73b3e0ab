# make check   install on first use, then check session 5 on the real test set
# make report  install on first use, then check every session and write build/report.html
# make test    install on first use, then look for mistakes (ruff, mypy) and run the tests
# make lock    pin again, with uv, what pyproject.toml asks for; requirements.txt keeps what still fits, and
#              requirements-checker.txt takes its pins from there
# Data: $DATA_DIR, else data/, where torchvision downloads what is missing.
PYTHON ?= python3
ENVIRONMENT := .venv
BIN := $(ENVIRONMENT)/bin

.PHONY: check report test lock clean

check: $(ENVIRONMENT)/installed
	@$(BIN)/python -m checker session05

report: $(ENVIRONMENT)/installed
	@mkdir -p build
	@$(BIN)/python -m checker all --format html --output build/report.html

test: $(ENVIRONMENT)/installed
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -n auto

# For every system and Python: what only some of them need has a marker. PyTorch's CUDA libraries come on Linux alone; the
# checker alone does without them.
lock:
	@uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --no-annotate --quiet \
		--custom-compile-command "make lock" --output-file requirements.txt
	@uv pip compile --group checker --constraints requirements.txt --universal --python-version 3.11 --no-annotate --quiet \
		--custom-compile-command "make lock" | sed "/sys_platform == 'linux'/d" > requirements-checker.txt

# The stamp is written last, so an interrupted installation starts again.
$(ENVIRONMENT)/installed: requirements.txt pyproject.toml
	@echo "Installing into $(ENVIRONMENT); the first time takes a few minutes."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@$(PYTHON) -m venv $(ENVIRONMENT)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt --editable .
	@touch $@

clean:
	rm -rf $(ENVIRONMENT) .pytest_cache .mypy_cache .ruff_cache *.egg-info build
