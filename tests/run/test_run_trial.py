"""What is told of a trial whose server does not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from modbisect.components import parse
from modbisect.host.guard import Applied
from modbisect.model import AS_FOUND, Ask
from modbisect.run.trial import Trials

SURVEY = Path(__file__).parents[1] / "components/surveys/debian12-shop.txt"
ASK = Ask(AS_FOUND, 3, 1.0, "as found", 0)
SYSTEMD = (
    "Job for apache2.service failed because the control process exited with error code.\n"
    'See "systemctl status apache2.service" and "journalctl -xeu apache2.service" for details.\n'
)
LOG = (
    "[Mon Jul 14 10:15:02.1 2026] [core:error] [pid 7] AH00111: an old one, of the restart before\n"
    "[Mon Jul 14 10:15:03.2 2026] [ssl:emerg] [pid 9] AH02572: Failed to configure at least one certificate\n"
)
BIND = "AH00558: apache2: Could not reliably determine its name\n(98)Address already in use: AH00072: make_sock"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (SYSTEMD + LOG, "AH02572: Failed to configure at least one certificate"),
        (SYSTEMD, "Job for apache2.service failed because the control process exited with error code."),
        (BIND, "(98)Address already in use: AH00072: make_sock"),
        ("", ""),
    ],
)
def test_of_what_a_server_says_the_error_is_quoted(said: str, told: str) -> None:
    class Failing:
        def apply(self, _: object, *, reap: bool) -> Applied:
            assert not reap
            text = "\n".join(f"text {line}" for line in said.splitlines())
            return Applied.read(f"verdict restart\nms 1 1 1\n{text}\n")

    class Idle:
        cut_off = False

    trials = Trials(Failing(), Idle(), parse(SURVEY.read_text()), ())  # type: ignore[arg-type]  # both do what is asked of them here
    assert trials.run(ASK).broken == f"the server does not start: {told}"
