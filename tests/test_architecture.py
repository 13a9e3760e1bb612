"""The rules of the folder list: which way imports go, what the pure parts may know, and what must not be shadowed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import modbisect
from modbisect.kinds import KINDS

PACKAGE = Path(modbisect.__file__).parent
LAYERS = (
    {"errors", "harmless", "model"},
    {"search", "judging", "kinds"},
    {"servers"},
    {"playbook", "inventory", "host", "probe", "report", "history", "lab", "state", "schedule"},
    {"run", "notify"},
    {"api"},
    {"cli"},
)
PURE = ("search", "judging", "kinds")
FORBIDDEN = {"os", "time", "socket", "subprocess", "logging", "fabric", "paramiko", "threading"}
LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem in LEVEL)


def test_imports_go_down_only() -> None:
    upwards = {
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in FILES
        for name in imports(path)
        if name.startswith("modbisect.") and LEVEL.get(name.split(".")[1], -1) > LEVEL[part_of(path)]
    }
    assert not upwards


def test_the_core_is_pure() -> None:
    pure = [path for path in FILES if part_of(path) in PURE]
    assert len(pure) > len(PURE)
    assert not {
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in pure
        for name in imports(path)
        if name.split(".")[0] in FORBIDDEN
    }


def test_every_part_has_a_layer() -> None:
    assert {part_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__", "__main__"} == set(LEVEL)


def test_the_standard_bisect_is_not_shadowed() -> None:
    assert not (PACKAGE.parent / "__init__.py").exists()
    code = "import bisect, random; assert bisect.bisect([1, 2], 1) == 1; print(bisect.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent.parent, capture_output=True, text=True, check=True
    )
    assert "modbisect" not in done.stdout.rsplit("/", 1)[0].rsplit("/", 1)[-1]


@pytest.mark.parametrize(
    ("module", "none_of"),
    [
        ("report", ("modbisect.host", "modbisect.history", "sqlalchemy", "fabric", "rich")),
        ("api", ("sqlalchemy", "fabric", "paramiko", "matplotlib", "rich")),
        *((f"cli.{verb}", ("sqlalchemy", "fabric", "paramiko", "matplotlib", "rich")) for verb in ("run", "incident")),
    ],
)
def test_what_takes_long_to_load_waits_until_it_is_used(module: str, none_of: tuple[str, ...]) -> None:
    script = f"import sys, modbisect.{module}; print([name for name in {none_of} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


KNOWS_KINDS = ("kinds", "servers", "lab")
OF_A_KIND = re.compile(
    "|".join([*(kind.name for kind in KINDS), "/etc/apache2", "/etc/nginx", "/etc/php", r"\bapache2\b"])
)
OTHERS = [
    path for path in sorted(PACKAGE.rglob("*.*")) if path.suffix in (".py", ".sh") and part_of(path) not in KNOWS_KINDS
]


def test_nobody_else_names_a_kind_or_its_paths() -> None:
    assert len(OTHERS) > len(LEVEL)
    assert not [
        f"{path.relative_to(PACKAGE)}: {line}"
        for path in OTHERS
        for line in path.read_text().splitlines()
        if OF_A_KIND.search(line)
    ]


@pytest.mark.parametrize("init", sorted(PACKAGE.rglob("__init__.py")), ids=lambda path: str(path.parent.name))
def test_no_module_is_shadowed_by_what_its_package_exports(init: Path) -> None:
    modules = {path.stem for path in init.parent.iterdir() if path.suffix == ".py" or path.is_dir()}
    package = ".".join(["modbisect", *init.parent.relative_to(PACKAGE).parts])
    body = ast.parse(init.read_text()).body
    bound = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module != package:
            bound |= {alias.asname or alias.name for alias in node.names}
    assert not bound & modules


NAMED = re.compile(r"`((?:tests|docs|benchmarks|[a-z]+)/[a-z_./]+|[a-z_]+\.py)`")


@pytest.mark.parametrize("page", ["architecture.md", "adding-a-kind.md", "style.md"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    root = PACKAGE.parent.parent
    named = NAMED.findall((root / "docs" / page).read_text())
    missing = [path for path in named if not any((above / path).exists() for above in (root, PACKAGE))]
    assert not [path for path in missing if "/" in path or not list(PACKAGE.rglob(path))]
