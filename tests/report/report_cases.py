"""One report for each way a run can end."""

from dataclasses import replace

from modbisect.model import (
    NOT_TRIED,
    Aged,
    Confirmation,
    Cost,
    Effect,
    Elsewhere,
    Finding,
    Measure,
    Memory,
    Outcome,
    Together,
    Untestable,
    Verdict,
)
from modbisect.report import Report, Restored, Tried
from modbisect.report.values import Inside

MIB = 1 << 20
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def memory(peak: float) -> Memory:
    return Memory(int(peak * MIB), int(peak * MIB * 0.8), 6)


def proof(slow: float, fast: float, *, together: bool = False, censored: bool = False) -> tuple[Confirmation, ...]:
    off = Confirmation("off", Verdict.FAST, fast)
    on = Confirmation("on", Verdict.SLOW, slow, censored)
    alone = Confirmation("alone", Verdict.SLOW, slow * 0.99, censored)
    again = (replace(off, seconds=fast * 1.1),) * 2 if together else ()
    return (off, replace(on, seconds=slow * 1.01), alone, on, replace(off, seconds=fast * 1.05), *again)


GUARD = "php-module:uploadguard"
UPLOAD = Finding((GUARD,), Effect(396.0, 350.2, 430.4, 71.2, 0.18), proof(71.2, 0.18), memory(98), memory(37.4))
BESIDE = (
    Elsewhere("home", Verdict.UNSURE, Effect(1.02, 0.9, 1.15, 0.0431, 0.0423)),
    Elsewhere("item", Verdict.SLOW, Effect(3.1, 2.6, 3.7, 0.31, 0.1)),
    Elsewhere("search", Verdict.FAST, Effect(0.5, 0.4, 0.63, 0.2, 0.4)),
)
OPCACHE = Finding(("php-module:opcache",), Effect(14.78, 13.1, 16.7, 0.102, 0.0069), proof(0.102, 0.0069))
TOGETHER = Finding(
    ("apache-conf:upload-inspection", "apache-module:security2"),
    Effect(171.6, 150, 196.3, 63.5, 0.37),
    proof(63.5, 0.37, together=True),
    memory(98),
    memory(16.2),
)

FOUND = Report(
    run="20260714-101502-7c1e",
    host="web1",
    playbook="upload-slow",
    outcome=Outcome.FOUND,
    started="2026-07-14T10:15:02Z",
    seconds=312.4,
    restored=Restored(verified=True, how="212 paths and the live process", seconds=0.6, digest=DIGEST),
    probe="upload",
    request="POST https://shop.example/upload with a file of 20 MiB",
    found_seconds=71.2,
    found_memory=memory(98),
    findings=(replace(UPLOAD, elsewhere=BESIDE),),
    untestable=(
        Untestable("apache-module:rewrite", "the site breaks without it: status 404"),
        Untestable("php-module:mysqli", "the site breaks without it: status 500"),
    ),
    residual=Effect(1.06, 0.94, 1.19, 0.19, 0.18),
    suspects=68,
    details={GUARD: "PHP 8.2, apache2"},
    remedies={GUARD: ("phpdismod -v 8.2 -s apache2 uploadguard", "systemctl restart apache2")},
    trials=14,
    restarts=15,
    requests=61,
    downtime_seconds=4.23,
    reason="one culprit confirmed",
    kinds={"apache-module": 40, "apache-conf": 1, "php-module": 27},
    tested=66,
    pinned=(
        Untestable("apache-conf:uploads", "access control: Require ip in /etc/apache2/conf-available/uploads.conf:3"),
        Untestable("apache-module:authz_core", "access control: switching it could open the site"),
        Untestable("apache-module:alias", "access control: Require local in /etc/apache2/x.conf:1 counts by it"),
        Untestable("apache-module:mpm_prefork", "the server's process model"),
    ),
)

_SUSPECTS = ((GUARD, 0.6), ("php-module:mysqli", 0.3))
TRIED = (
    Tried(1, "does it break without them?", (GUARD, "php-module:mysqli"), verdict=Verdict.BROKEN, broken="status 500"),
    Tried(
        2,
        f"is it {GUARD}?",
        (GUARD,),
        0.18,
        times=(0.17, 0.18, 0.2),
        memory=memory(37.4),
        ended=12.5,
        took=3.4,
        restart_seconds=0.3,
        suspects=_SUSPECTS,
    ),
    Tried(3, "is a restart enough?", (), 71.0, censored=True, times=(71.0,), suspects=((GUARD, 0.97),)),
)
_BARE = replace(FOUND, findings=(), residual=None, untestable=(), details={}, remedies={})
_APACHE = "systemctl restart apache2"

_CONF = "/etc/apache2/conf-available/legacy-urls.conf"
_LINES = tuple(f"apache-directive:{_CONF}:{number}" for number in (3, 4))
_LEGACY = replace(
    FOUND,
    findings=(Finding(("apache-conf:legacy-urls",), Effect(41.2, 37.5, 44.8, 0.0412, 0.001), proof(0.0412, 0.001)),),
    remedies={"apache-conf:legacy-urls": ("a2disconf legacy-urls", _APACHE)},
    details={},
)

CASES = {
    "found-line": replace(
        _LEGACY,
        inside=Inside("20260714-102001-88ab", _CONF, Outcome.FOUND, "one culprit confirmed"),
        lines=_LINES,
        details={_LINES[0]: "RewriteMap", _LINES[1]: "RewriteRule"},
    ),
    "found-no-line": replace(
        _LEGACY, inside=Inside("20260714-102001-88ab", _CONF, Outcome.INCONCLUSIVE, "the budget of 2m is spent")
    ),
    "found-single": replace(
        FOUND, tried=TRIED, steps={GUARD: ("remove /etc/php/8.2/apache2/conf.d/20-uploadguard.ini",)}
    ),
    "found-censored": replace(
        FOUND,
        findings=(
            replace(
                UPLOAD,
                effect=replace(UPLOAD.effect, before_seconds=180.0, ratio=1000.0, low=890.0, censored=True),
                confirmations=proof(2.2, 0.18, censored=True),
                also_flipped=("php-module:uploadguard-stats",),
            ),
        ),
        remedies={
            "php-module:uploadguard-stats": ("phpdismod -v 8.2 -s apache2 uploadguard-stats", _APACHE),
            **FOUND.remedies,
        },
    ),
    "none-cut-off": replace(
        _BARE,
        outcome=Outcome.NONE,
        suspects=68,
        found_seconds=180.0,
        found_censored=True,
        residual=Effect(1.0, 0.8, 1.25, 180.0, 180.0, censored=True, after_censored=True),
        costs=(Cost("php-module:zip", Effect(1.0, 0.8, 1.25, 180.0, 2.4, censored=True)),),
    ),
    "found-building-up": replace(
        FOUND,
        aged=Aged(240, 9.2, shown=True, curve=((1, 0.0025), (40, 0.0027), (120, 0.0031), (200, 0.35), (240, 1.4))),
        aged_without=Aged(360, 13.8, curve=((1, 0.0021), (60, 0.0011), (180, 0.001), (300, 0.0011), (360, 0.001))),
        untestable=(
            Untestable("php-module:opcache", f"{NOT_TRIED}: it mostly saves time"),
            Untestable("php-module:gd", f"{NOT_TRIED}: the site was fast without"),
        ),
        tested=66,
    ),
    "found-growing": replace(
        FOUND,
        measure=Measure.MEMORY,
        found_seconds=0.0253,
        findings=(
            replace(
                UPLOAD,
                effect=Effect(30.4, 3.8, 243.0, 0.2377, 0.0078125, measure=Measure.GROWTH),
                confirmations=proof(0.2377, 0.0078125),
            ),
        ),
        residual=Effect(1.0, 0.05, 18.6, 0.0078125, 0.0078125, measure=Measure.GROWTH),
        aged=Aged(200, 0.0, curve=((40, 9.6e6), (80, 19.2e6), (120, 28.9e6), (160, 38.5e6), (200, 48.2e6))),
        aged_without=Aged(200, 0.0, curve=((40, 4096.0), (80, 4096.0), (120, 4096.0), (160, 0.0), (200, 0.0))),
    ),
    "found-large": replace(
        FOUND,
        measure=Measure.MEMORY,
        found_seconds=0.0459,
        findings=(
            replace(
                UPLOAD,
                effect=Effect(1.8, 1.6, 2.0, 0.0459, 0.0254, measure=Measure.MEMORY),
                confirmations=proof(0.0459, 0.0254),
            ),
        ),
        residual=Effect(2.6, 2.4, 2.8, 0.0254, 0.0098, measure=Measure.MEMORY),
    ),
    "found-together": replace(
        FOUND,
        findings=(TOGETHER,),
        details={"apache-module:security2": "from libapache2-mod-security2"},
        remedies={
            "apache-conf:upload-inspection": ("a2disconf upload-inspection", _APACHE),
            "apache-module:security2": ("a2dismod security2", _APACHE),
        },
    ),
    "found-off": replace(
        FOUND,
        probe="report",
        request="GET https://shop.example/report",
        found_seconds=0.102,
        found_memory=None,
        findings=(OPCACHE,),
        residual=None,
        found_off=("php-module:opcache",),
        details={"php-module:opcache": "PHP 8.2, fpm"},
        remedies={"php-module:opcache": ("phpenmod -v 8.2 -s fpm opcache", "systemctl restart apache2 php8.2-fpm")},
        costs=(
            Cost("apache-module:deflate", Effect(1.048, 0.98, 1.12, 0.102, 0.0973)),
            Cost("php-module:opcache", OPCACHE.effect),
        ),
    ),
    "found-setting": replace(
        FOUND,
        findings=(replace(UPLOAD, components=("php-ini:auto_prepend_file",)),),
        details={
            "php-ini:auto_prepend_file": "auto_prepend_file = /srv/scan.php in /etc/php/8.2/apache2/php.ini; "
            "runs a PHP file before every page"
        },
        remedies={
            "php-ini:auto_prepend_file": (
                '# in /etc/php/8.2/apache2/php.ini write: auto_prepend_file = ""',
                _APACHE,
            )
        },
    ),
    "found-two": replace(
        FOUND,
        findings=(
            replace(UPLOAD, effect=Effect(4, 3.6, 4.45, 0.72, 0.18), confirmations=proof(0.72, 0.18)),
            replace(
                TOGETHER,
                components=("apache-module:dump_io", "php-module:opcache"),
                effect=Effect(2, 1.83, 2.2, 0.36, 0.18),
                confirmations=proof(0.36, 0.18, together=True),
            ),
        ),
        found_off=("php-module:opcache",),
        found_seconds=0.9,
        tried=(Tried(7, "confirm", (UPLOAD.components[0],), 0.37), Tried(9, "as found", (), 0.9)),
        suspects_left=("apache-module:evasive",),
        reason="2 culprits confirmed; not confirmed: confirm: apache-module:evasive flipped: expected fast, was slow",
    ),
    "none": replace(
        _BARE,
        outcome=Outcome.NONE,
        suspects=82,
        found_seconds=0.21,
        found_first_byte=0.204,
        residual=Effect(1.05, 0.93, 1.17, 0.21, 0.2),
        untestable=tuple(
            Untestable(f"apache-module:needed{number}", f"pinned ones of group {number // 2} need it")
            for number in range(14)
        ),
        reason="no faster with all 68 suspects flipped that can be: none of them is to blame",
    ),
    "not-slow": replace(
        _BARE,
        outcome=Outcome.NOT_SLOW,
        found_seconds=0.181,
        reason="the site is faster than the 2 s of the playbook, so there is nothing to find",
        restored=Restored(verified=True, how="nothing was changed"),
        trials=0,
        restarts=0,
        requests=1,
        downtime_seconds=0,
        seconds=0.8,
    ),
    "inconclusive": replace(
        _BARE,
        outcome=Outcome.INCONCLUSIVE,
        reason="12 trials were not enough to tell",
        suspects_left=tuple(f"apache-module:m{number}" for number in range(1, 10)),
        warnings=("the hypervisor took 31 % of the processor's time in 3 trials",),
    ),
    "inconclusive-together": replace(
        _BARE,
        outcome=Outcome.INCONCLUSIVE,
        reason="the time budget of 10m is spent",
        suspects_left=tuple(f"php-module:m{number}" for number in range(1, 8)),
        together=(
            Together(tuple(f"apache-module:m{number}" for number in range(61)), Verdict.SLOW, 2.4, censored=True),
            Together(tuple(f"php-module:m{number}" for number in range(1, 8)), Verdict.FAST, 0.18),
        ),
        resumed="20260713-091502-1b2c",
        known_trials=9,
        resume="modbisect resume 20260714 --time 20m",
    ),
    "found-by-hand": replace(
        FOUND,
        findings=(replace(UPLOAD, memory_before=None, memory_after=None),),
        residual=None,
        found_seconds=0.0,
        found_memory=None,
        request="",
        by_hand=True,
        requests=0,
    ),
    "interrupted": replace(
        FOUND,
        outcome=Outcome.INTERRUPTED,
        reason="a signal (SIGTERM) came before the search was done",
        suspects_left=("apache-module:evasive", "apache-module:qos"),
    ),
    "not-restored": replace(
        FOUND,
        restored=Restored(verified=False, how="2 of 212 paths differ: /etc/apache2/mods-enabled/qos.load is missing"),
    ),
    "site-not-restored": replace(
        FOUND,
        restored=Restored(
            verified=False,
            how="its files and its live server are as found, yet home does not answer as before: status 503, not 200",
            advice="modbisect probe shop.yml web1 -i hosts.yml",
        ),
    ),
    "cured": replace(
        FOUND,
        restored=Restored(
            verified=False,
            how="the proven culprits alone are switched over, on purpose; the guard puts the host back then",
            cure_until="2026-07-14T10:30:14+00:00",
        ),
    ),
    "cured-for-good": replace(
        FOUND,
        restored=Restored(verified=False, how="", cured_by=("phpdismod -v 8.2 -s apache2 uploadguard",)),
    ),
    "hostile": replace(
        FOUND,
        host="web1\x1b[2J\n# owned `rm -rf /`",
        probe="up|load\n\n| a | b |",
        request="GET https://x/<script>alert(1)</script> [click](http://evil) \u202egnp.exe",
        findings=(replace(UPLOAD, components=("php-module:`$(id)`|<b>x</b>",)),),
        details={"php-module:`$(id)`|<b>x</b>": "\x9b31m*bold* _em_ mod_php\x1b]0;title\x07\ud800"},
        remedies={"php-module:`$(id)`|<b>x</b>": ("phpdismod '```\n# heading\n'", _APACHE)},
        untestable=(Untestable("a|b", "| - |\n---\n<img src=x onerror=alert(1)> ~~no~~ \\| end"),),
        warnings=("- nested\r\n# heading", "&lt;already&gt;"),
        restored=Restored(verified=False, how="\x1b[8mhidden\x1b[0m **bold**"),
    ),
}
