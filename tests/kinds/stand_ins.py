"""What a fragment of the survey finds there from those before it, with stand-ins for what needs root or a server."""

STAND_INS = r"""
section() { printf '@@ %s\n' "$1"; }
lines() { [ ! "$1" ] || printf '%s\n' "$1"; }
by_root() { lines "${allowed-}"; }
apache_files() { :; }
holdable() { while IFS= read -r file; do [ -e "$file.not-held" ] || printf '%s\n' "$file"; done; }
"""
"""The variable `allowed` is root's file; what lies beside a file of its name with ".not-held" is not held."""


def told_lines(printed: str) -> list[str]:
    """The lines that are no section's name."""
    return [line for line in printed.splitlines() if not line.startswith("@@ ")]
