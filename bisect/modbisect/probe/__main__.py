"""``python -m modbisect.probe``: the probe process."""

import sys

from modbisect.probe.process import main

if __name__ == "__main__":
    sys.exit(main())
