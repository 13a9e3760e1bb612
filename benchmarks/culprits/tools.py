"""The tools that ``others.py`` compares: how each is switched on, left at work, read, and taken back.

Every script runs as root on the host, with the seconds of the watch as ``$1``. Each is written as somebody would who
knows the tool: the server's workers only, wall time where the tool has it, and nothing left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import reading

_NOTHING = "nothing"
_WORKERS = "workers=$(pgrep -u www-data -d , -x apache2); rm -rf /run/watch; install -d /run/watch; cd /run/watch\n"
_STRACE = _WORKERS + 'timeout -s INT "$1" strace %s -p "$workers" || test $? = 124\n'
_CALLS = "-ff -yy -T -s 80 -e trace=network,desc,file -o call"
_INI = "/etc/php/8.2/apache2/conf.d/99-profile.ini"
_OFF = f"rm -rf {_INI} /var/lib/profiles\n"
# /tmp will not do: the server has one of its own.
_FOLDER = "rm -rf /var/lib/profiles; install -d -m 1777 /var/lib/profiles\n"
# Only one file can be prepended: what another ini file has put there goes on running, behind the profiler's own.
_EXCIMER_ON = f"""{_FOLDER}
prior=$(PHP_INI_SCAN_DIR=/etc/php/8.2/apache2/conf.d php -c /etc/php/8.2/apache2/php.ini \\
	-d xdebug.mode=off -r 'echo ini_get("auto_prepend_file");')
cat > /var/lib/profiles/prepend.php <<'PHP'
<?php
(static function (): void {{
    $profiler = new ExcimerProfiler();
    $profiler->setPeriod(0.001);
    $profiler->setEventType(EXCIMER_REAL);
    $profiler->start();
    register_shutdown_function(static function () use ($profiler): void {{
        $profiler->stop();
        $stacks = $profiler->getLog()->formatCollapsed();
        file_put_contents('/var/lib/profiles/' . getmypid() . '.stacks', $stacks, FILE_APPEND);
    }});
}})();
PHP
[ -z "$prior" ] || echo "require '$prior';" >> /var/lib/profiles/prepend.php
echo 'auto_prepend_file = /var/lib/profiles/prepend.php' > {_INI}
phpenmod -v 8.2 -s apache2 excimer
systemctl restart apache2
"""
_XDEBUG_ON = f"""{_FOLDER}
phpquery -q -v 8.2 -s apache2 -m xdebug || {{ touch /run/xdebug-was-off; phpenmod -v 8.2 -s apache2 xdebug; }}
cat > {_INI} <<'INI'
xdebug.mode = profile
xdebug.start_with_request = yes
xdebug.use_compression = 0
xdebug.output_dir = /var/lib/profiles
xdebug.profiler_output_name = cachegrind.%p
INI
systemctl restart apache2
"""
_XDEBUG_OFF = f"""{_OFF}
[ ! -e /run/xdebug-was-off ] || phpdismod -v 8.2 -s apache2 xdebug
rm -f /run/xdebug-was-off
systemctl restart apache2
"""
# The shop's own rewriting would take /server-status for one of its pages.
_TIMED_ON = """cat > /etc/apache2/conf-available/timed.conf <<'CONF'
LogFormat "%D %U" timed
GlobalLog /var/log/apache2/timed.log timed
<Location /server-status>
	RewriteEngine Off
</Location>
CONF
a2enconf -q timed
systemctl reload apache2
"""
_TIMED_WATCH = (
    """for second in $(seq "$1"); do curl -sS http://localhost/server-status; sleep 1; done > /run/status.html"""
)
_TIMED_READ = "cat /run/status.html /var/log/apache2/timed.log"
_TIMED_OFF = """a2disconf -q timed
rm -f /etc/apache2/conf-available/timed.conf /run/status.html
systemctl reload apache2
rm -f /var/log/apache2/timed.log
"""
_SLOW_ON = """mariadb -e "SET GLOBAL slow_query_log_file = '/var/lib/mysql/slow.log', GLOBAL log_output = 'FILE',
	GLOBAL long_query_time = 0.05, GLOBAL slow_query_log = 1" """
_SLOW_OFF = """mariadb -e "SET GLOBAL slow_query_log = DEFAULT, GLOBAL long_query_time = DEFAULT,
	GLOBAL slow_query_log_file = DEFAULT, GLOBAL log_output = DEFAULT"
rm -f /var/lib/mysql/slow.log
"""
PHPSPY = "/usr/local/bin/phpspy"
_TRACING = f'{PHPSPY} -P "-x -u www-data apache2" -V 82 -H 999 -J m -o /run/traces'
LOOK = "modbisect look"


@dataclass(frozen=True, slots=True)
class Tool:
    """One way to find out what a slow request is doing."""

    name: str
    lines: Callable[[str], Sequence[str]]
    """From what it has written to what a person reads first, in that order."""
    watch: str = 'sleep "$1"'
    read: str = "true"
    on: str = "true"
    off: str = "true"
    packages: tuple[str, ...] = ()
    """Debian packages that it needs on the host."""
    server: str = _NOTHING
    """What of the server or its configuration has to be changed, and changed back."""
    absent: str = ""
    """Why it cannot be used here."""


TOOLS = (
    Tool(LOOK, reading.plain),
    Tool(
        "perf record -g",
        reading.plain,
        watch=_WORKERS + 'perf record -q -e cpu-clock -F 999 -g -o data -p "$workers" -- sleep "$1"',
        read="perf report -i /run/watch/data --stdio --no-children -g none --fields overhead,dso,symbol 2> /dev/null",
        off="rm -rf /run/watch",
        packages=("linux-perf",),
    ),
    Tool(
        "strace -c",
        reading.counted,
        watch=_STRACE % "-c -w -f -o counts",
        read="cat /run/watch/counts",
        off="rm -rf /run/watch",
        packages=("strace",),
    ),
    Tool(
        "strace",
        reading.calls,
        watch=_STRACE % _CALLS,
        read="cd /run/watch; cat call.*",
        off="rm -rf /run/watch",
        packages=("strace",),
    ),
    Tool(
        "strace -k",
        reading.calls,
        watch=_STRACE % f"-k {_CALLS}",
        read="cd /run/watch; cat call.*",
        off="rm -rf /run/watch",
        packages=("strace",),
    ),
    Tool(
        "phpspy",
        reading.traces,
        watch=f'timeout -s INT "$1" {_TRACING} || test $? = 124',
        read="cat /run/traces",
        off="rm -f /run/traces",
        packages=("binutils",),
    ),
    Tool(
        "server-status, %D",
        reading.status,
        on=_TIMED_ON,
        watch=_TIMED_WATCH,
        read=_TIMED_READ,
        off=_TIMED_OFF,
        server="conf, 2 reloads",
    ),
    Tool(
        "slow query log",
        reading.plain,
        on=_SLOW_ON,
        read="mariadb-dumpslow -s t -t 5 /var/lib/mysql/slow.log 2> /dev/null || true",  # 255: no slow query
        off=_SLOW_OFF,
        server="database's globals",
    ),
    Tool(
        "Xdebug profile",
        reading.cachegrind,
        on=_XDEBUG_ON,
        # Of one request, the last one complete: what a person opens in a viewer.
        read="cd /var/lib/profiles; cat $(grep -l '^summary' $(ls -t) | head -n 1)",
        off=_XDEBUG_OFF,
        packages=("php-xdebug",),
        server="ini, 2 restarts",
    ),
    Tool(
        "Excimer",
        reading.collapsed,
        on=_EXCIMER_ON,
        read="cat /var/lib/profiles/*.stacks || true",
        off=f"{_OFF}phpdismod -v 8.2 -s apache2 excimer\nsystemctl restart apache2",
        packages=("php-excimer",),
        server="ini, 2 restarts",
    ),
    Tool("PHP-FPM's slow log", reading.plain, absent="not with mod_php"),
)
