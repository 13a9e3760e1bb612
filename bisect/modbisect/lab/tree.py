"""The Debian tree that every host of the lab starts from: built once, kept in the cache, never written to."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
from collections import deque
from collections.abc import Callable
from pathlib import Path

from modbisect.lab import store
from modbisect.lab.errors import LabError, require
from modbisect.lab.sources import SUITES, debian_sources

_HERE = Path(__file__).parent
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*")


def build_tree(progress: Callable[[str], None], suite: str | None = None) -> Path:
    """The tree's folder, built first when the cache has none of this recipe (about a minute and a half, 600 MB).

    Of the box's own Debian release, or of the `suite` named. `progress` gets a line of text now and then. LabError when
    a tool is missing or the build fails; an aborted build leaves nothing that would ever be used.
    """
    require([("mmdebstrap", "mmdebstrap"), ("ssh-keygen", "openssh-client"), ("ip", "iproute2")])
    if os.geteuid() != 0:
        raise LabError("the lab makes namespaces and mounts: run it as root")
    suite, sources = debian_sources(suite)
    tree = store.cache_root() / f"tree-{_digest(suite, sources)}"
    with (store.cache_root() / "build.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not tree.is_dir():
            for leftover in store.cache_root().glob("tree-*.part"):
                shutil.rmtree(leftover)
            part = tree.with_name(tree.name + ".part")
            progress(f"building a Debian {suite} tree in {tree}")
            _mmdebstrap(suite, sources, part, progress)
            part.rename(tree)
            progress("the tree is ready")
    return tree


def _packages(suite: str) -> list[str]:
    lines = (_HERE / "packages.txt").read_text().splitlines()
    words = (line.split() for line in lines if line and not line.startswith("#"))
    return [name.replace("@", SUITES.get(suite, "")) for name, *without in words if f"!{suite}" not in without]


def _digest(suite: str, sources: list[str]) -> str:
    recipe = [(_HERE / name).read_text() for name in ("recipe.sh", "mariadb.cnf")]
    return hashlib.sha256("\0".join([suite, *sources, *_packages(suite), *recipe]).encode()).hexdigest()[:12]


def _mmdebstrap(suite: str, sources: list[str], target: Path, progress: Callable[[str], None]) -> None:
    here = shlex.quote(str(_HERE))
    # In a mount namespace of its own: removing an aborted build must never reach a /dev or /proc left mounted.
    command = ["unshare", "--mount", "--propagation", "private"]
    command += ["mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory"]
    command += [f"--include={','.join(_packages(suite))}", "--aptopt=APT::Install-Recommends false"]
    # The tree can be built again at any time, so nothing in it is worth an fsync.
    command += ["--dpkgopt=force-unsafe-io", *(f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT)]
    database = '"$1/etc/mysql/mariadb.conf.d/90-lab.cnf"'
    command += [f"--essential-hook=install -D -m 0644 {here}/mariadb.cnf {database}"]
    command += [f'--customize-hook=chroot "$1" sh -s < {here}/recipe.sh']
    command += [suite, str(target), *sources]
    tail: deque[str] = deque(maxlen=30)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as build:
        try:
            for line in build.stdout or ():
                tail.append(line)
                if line.startswith("I: "):
                    progress(line[3:].strip())
        except BaseException:
            build.terminate()
            raise
    if build.returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        raise LabError(f"building the lab's Debian tree failed; its last lines:\n{''.join(tail)}")
