"""``python -m modbisect``."""

from modbisect.cli import main

main()
