# Every target does all of its own set-up on a fresh Debian 12, as root.
VENV := .venv
BIN := $(VENV)/bin
DEBIAN := python3 python3-venv ca-certificates openssh-client iproute2 util-linux mmdebstrap shellcheck

.PHONY: demo test quick reported lint bench bench-search bench-culprits bench-canary fuzz fuzz-search fuzz-guard recordings site accessible setup debian clean

demo: setup
	$(BIN)/modbisect demo

# What one worker has compiled, the others and the processes that they start need not.
test: setup
	$(BIN)/python -c 'from modbisect import lab; lab.build_tree(print)'
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 6 --dist worksteal

# What needs neither root nor a lab host: what to run while a change is being made.
quick: setup
	$(BIN)/pytest -q -n auto --dist worksteal -m 'not lab' tests/judging tests/kinds tests/inventory tests/playbook tests/report tests/search/test_worlds.py tests/search/test_feasible.py tests/test_architecture.py tests/test_site.py

# The hosts of benchmarks/culprits/reported: too long for what CI runs.
reported: setup
	$(BIN)/python -c 'from modbisect import lab; lab.build_tree(print)'
	$(BIN)/pytest -v -n 2 --dist worksteal -m reported tests/reported

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	shellcheck -S warning -s sh bisect/modbisect/host/guard/guard.sh bisect/modbisect/lab/*.sh bisect/modbisect/lab/setups/*.sh
	# The others are parts of what travels as one.
	$(BIN)/python -c 'from modbisect.host import helper; print(helper.script().decode())' | shellcheck -S warning -s sh -
	$(BIN)/python -c 'from modbisect.host import helper; print(*helper.parts("survey"))' | shellcheck -S warning -s sh -
	$(BIN)/python -c 'from modbisect.host import helper; print(*helper.parts("scratch"))' | shellcheck -S warning -s sh -

bench: setup
	$(BIN)/pip install --quiet --editable '.[bench]'
	$(BIN)/python benchmarks/trial_cost.py
	$(BIN)/python benchmarks/guard_cost.py
	$(BIN)/python benchmarks/look_cost.py
	$(BIN)/python benchmarks/plan_cost.py
	$(BIN)/python benchmarks/many_components.py

bench-search: setup
	$(BIN)/pip install --quiet --editable '.[bench]'
	$(BIN)/python benchmarks/search/compare.py --json benchmarks/search/rows.jsonl

# LOOK=both: each culprit with and without looking first.
bench-culprits: LOOK = yes
bench-culprits: setup
	$(BIN)/python benchmarks/culprits/run.py --look $(LOOK)

# 500 weeks of sites that are not there; apache-otava is a peer, without what it needs for its own reports.
bench-canary: setup
	$(BIN)/pip install --quiet scipy
	$(BIN)/pip install --quiet --no-deps apache-otava
	$(BIN)/python benchmarks/canary/alarms.py
	$(BIN)/python benchmarks/canary/on_a_host.py

fuzz: MINUTES = 60
fuzz: setup
	$(BIN)/python benchmarks/faults/fuzz.py --minutes $(MINUTES) --json benchmarks/faults/trials.jsonl

# The search, with ten times as many random worlds as in the tests, and with all seeds of theirs.
fuzz-search: setup
	MODBISECT_FUZZ=1 $(BIN)/pytest -q -n auto tests/search

# Every moment at which the guard is struck in the tests, and not some of them.
fuzz-guard: setup
	$(BIN)/python -c 'from modbisect import lab; lab.build_tree(print)'
	MODBISECT_FUZZ=1 $(BIN)/pytest -q -n 6 --dist worksteal tests/guard tests/run

# What docs/recordings shows: terminals, and pages in a real browser.
recordings: setup
	apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core
	$(BIN)/pip install --quiet --editable '.[recordings]'
	$(BIN)/python docs/recordings/make.py

# The pages of docs/ as a site, in site/. A broken link, a page outside the navigation, or one that loads something from
# the network fails. What --quiet does not say --strict does not count.
site: setup $(VENV)/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --config-file docs/site/mkdocs.yml
	$(BIN)/python docs/site/check.py site

# What axe-core, in a real browser, has against the pages. Of its package nothing is needed but axe-core itself.
accessible: site
	apt-get install -q -y --no-install-recommends chromium fonts-dejavu-core
	$(BIN)/pip install --quiet --no-deps axe-playwright-python
	$(BIN)/python docs/accessible.py

setup: debian $(VENV)/installed

debian:
	@dpkg -s $(DEBIAN) >/dev/null 2>&1 || { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(DEBIAN); }

$(VENV)/installed: pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(VENV)/site: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@

clean:
	rm -rf $(VENV) site
