"""``python -m modbisect``, and the command of that name."""

import sys
import traceback

_UNFORESEEN = 70
"""As `modbisect.errors.Exit`, which may be just what cannot be imported."""


def main() -> None:
    """Run the command; where even its own modules cannot be loaded, Python's exit code would mean a culprit."""
    try:
        from modbisect.cli import main as command  # noqa: PLC0415
    except Exception:  # noqa: BLE001  # whatever is wrong with the installation
        traceback.print_exc()
        print("modbisect: the installation is damaged, see above; no host was touched", file=sys.stderr)  # noqa: T201
        sys.exit(_UNFORESEEN)
    command()


if __name__ == "__main__":
    main()
