"""Files of other users than root that are edited for a trial: by their owner's rights, whatever he turns meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from few import few
from guard.lab_target import GUARD, Target, wait_until
from guard.test_guard_cut_short import Killer, killer
from guard.test_guard_verbs import DEVIATIONS, DIFFERS, RUN, SPEC, apply, request
from lab_fixtures import LabHostFactory, lab_host
from modbisect.host.helper import _read

__all__ = ["killer", "lab_host"]

SITE = "/srv/www/site"
HTACCESS = f"{SITE}/.htaccess"
CONFIG = f"{SITE}/config.php"
SMALL = "/srv/www/small/.htaccess"
LINES = ["# of the site", "ExpiresActive On", "Header set X-One 1", "Header set X-Two 2"]
ALLOWED = f"""
cut {HTACCESS}
aside {HTACCESS}
aside {CONFIG}
aside {SMALL}
cut {SMALL}
"""
FILES = f"file {HTACCESS}\nfile {CONFIG}\n"
UNSAFE, CANNOT = 77, 73

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def shared(lab_host: LabHostFactory) -> Target:
    """A host with a document root of its user's, and a small filesystem in it."""
    target = Target(lab_host(setup=("shop", "lean")))
    target.sh(
        """install -d -o ops -g ops /srv/www/site /srv/www/small
        mount -t tmpfs -o size=64k,nr_inodes=6,uid="$(id -u ops)",gid="$(id -g ops)",mode=755 none /srv/www/small"""
    )
    return target


@pytest.fixture
def owned(target: Target) -> Iterator[Target]:
    """Its files as they are before each test."""
    text = "\n".join(LINES) + "\n"
    target.sh(
        """[ ! -L /srv/www/site ] || rm /srv/www/site
        rm -rf /srv/www/site /srv/www/small/* /srv/www/small/.h*; install -d -o ops -g ops /srv/www/site
        for file in /srv/www/site/.htaccess /srv/www/site/config.php /srv/www/small/.htaccess; do
          printf '%s' "$1" >$file; chown ops:ops $file; chmod 640 $file; touch -d 2024-02-29T12:00:00.123456789 $file
        done; touch -d 2024-03-01 /srv/www/site /srv/www/small
        printf '%s' "$2" >>/etc/modbisect/allow""",
        text,
        ALLOWED,
    )
    yield target
    target.guard("rescue", "accept")
    wait_until(lambda: target.state() == "NONE", 60, target.state)


PLUGIN = f"{SITE}/content/plugins/late/late.php"
THROUGH = f"file {PLUGIN}\n"


@pytest.fixture
def through(owned: Target) -> Target:
    """A file of root's, in a folder of root's, to which the way leads through its user's."""
    owned.sh(
        f"""install -d -o ops -g ops {SITE}/content && install -d -g ops {SITE}/content/plugins/late
        printf '%s' "$1" >{PLUGIN}; chgrp ops {PLUGIN}; chmod 644 {PLUGIN}; touch -d 2024-02-29T12:00:00.5 {PLUGIN}
        touch -d 2024-03-01 {SITE}
        printf 'cut {PLUGIN}\naside {PLUGIN}\n' >>/etc/modbisect/allow""",
        "\n".join(LINES) + "\n",
    )
    return owned


@pytest.mark.parametrize("edit", [f"cut\t{PLUGIN}\t2,4", f"aside\t{PLUGIN}"])
def test_a_file_of_roots_below_a_folder_of_another_users(through: Target, edit: str) -> None:
    before = documents(through)
    assert hold(through, THROUGH)[0] == 0
    assert apply(through, edit)[0] == 0
    expected = "" if edit.startswith("aside") else "# of the site\nHeader set X-One 1\n"
    assert through.call("cat", PLUGIN)[1].removesuffix(f"cat: {PLUGIN}: No such file or directory\n") == expected
    put_back(through)
    assert documents(through) == before


def test_a_way_that_is_turned_meanwhile_leads_root_nowhere_else(through: Target) -> None:
    through.sh(
        f"""rm -rf /srv/other; mkdir -p /srv/other/plugins/late; cp -a {PLUGIN} /srv/other/plugins/late/
        echo other >>/srv/other/plugins/late/late.php"""
    )
    before = documents(through)
    other = through.files("/srv/other")
    assert hold(through, THROUGH)[0] == 0
    assert apply(through, f"cut\t{PLUGIN}\t2")[0] == 0
    through.sh(f"cd {SITE} && mv content content.away && ln -s /srv/other content")
    assert apply(through, f"cut\t{PLUGIN}\t3")[0] != 0
    status, said = through.guard("rescue", "force")
    assert status == DIFFERS, said
    assert through.files("/srv/other") == other
    through.sh(f"cd {SITE} && rm content && mv content.away content && touch -d 2024-03-01 .")
    put_back(through)
    assert documents(through) == before


def test_an_edit_that_a_bad_disk_turns_before_it_is_put_there_never_comes_there(owned: Target) -> None:
    before = documents(owned)
    main = owned.sh("cat /etc/apache2/apache2.conf")
    owned.sh("echo 'cut /etc/apache2/apache2.conf' >>/etc/modbisect/allow")
    assert hold(owned, f"{FILES}file /etc/apache2/apache2.conf\n")[0] == 0
    for path in (HTACCESS, "/etc/apache2/apache2.conf"):
        half = f"/var/lib/modbisect/cur/halves{path}"
        with owned.replaced("/usr/bin/sort", f'[ ! -s {half} ] || echo "# other" >>{half}; exec /root/really "$@"'):
            status, said = apply(owned, f"cut\t{path}\t2")
        assert (status, said) == (CANNOT, "modbisect-guard: could not change the configuration\n")
        assert "# other" in owned.sh(f"cat {half}")
        assert (documents(owned), owned.sh("cat /etc/apache2/apache2.conf")) == (before, main)
        assert apply(owned, f"cut\t{path}\t2")[0] == 0
        assert apply(owned)[0] == 0
    put_back(owned)
    assert documents(owned) == before


HELD = f"""{SITE}/.htaccess {PLUGIN} {SITE}/content/plugins/loose/loose.php {SITE}/roots.php /srv/www/open/open.php
/etc/apache2/apache2.conf {SITE}/link.php {SITE}/two.php""".split()
"""The user's; root's by way of the user's, in a folder of a group's, in the user's own, in an open one; and others."""


def test_the_survey_counts_as_held_what_the_guard_holds(through: Target) -> None:
    through.sh(
        f"""install -d -g ops -m 775 {SITE}/content/plugins/loose; echo >{SITE}/content/plugins/loose/loose.php
        echo >{SITE}/roots.php; install -d -m 777 /srv/www/open; echo >/srv/www/open/open.php
        cd {SITE}; ln -s .htaccess link.php; echo >two.php; chown ops:ops two.php; ln two.php three.php
        cp -p {GUARD} /root/guard; for path in $1; do echo "aside $path" >>/etc/modbisect/allow; done""",
        " ".join(HELD),
    )
    fragment = _read("kinds/survey")
    function = fragment[fragment.index("holdable() {") : fragment.index("# Files of the configuration")]
    lines = "lines() { printf '%s\\n' \"$1\"; }\n"
    held = through.sh(f"{lines}{function}\nprintf '%s\\n' $1 | holdable", " ".join(HELD)).split()
    said = ["held" if path in held else "no" for path in HELD]
    holds = []
    for path in HELD:
        status, _ = through.call("/root/guard", "snap", RUN, stdin=f"{SPEC}file {path}\n")
        holds.append("no" if status else "held")
        through.call("/root/guard", "disarm", RUN)
    through.sh("rm -rf /root/guard /srv/www/open")
    assert dict(zip(HELD, said, strict=True)) == dict(zip(HELD, holds, strict=True))
    assert holds == ["held", "held", "no", "no", "no", "held", "no", "no"]


def documents(target: Target) -> str:
    """All that is in the document root, with inodes: what was kept beside is the very same file."""
    return target.sh(
        """find /srv/www -printf '%p %y %m %u %g %s %T@ %l %i\n' | sort
        find /srv/www -type f -exec sha256sum {} + | sort"""
    )


def hold(target: Target, files: str = FILES) -> tuple[int, str]:
    status, said = target.guard("snap", RUN, stdin=SPEC + files)
    return (status, said) if status else target.guard("arm", RUN, "600")


def put_back(target: Target) -> None:
    status, said = target.guard("rescue", "force")
    assert (status, said) == (0, "restored\n")
    wait_until(lambda: not target.traces(), 30, target.traces)


def test_edits_of_another_users_files_from_snapshot_to_disarm(owned: Target) -> None:
    before, documents_before = owned.kept(), documents(owned)
    assert hold(owned) == (0, "")
    status, said = apply(owned, f"cut\t{HTACCESS}\t2,4", f"aside\t{CONFIG}", *DEVIATIONS)
    assert status == 0, said
    assert owned.sh(f"cat {HTACCESS}").splitlines() == [LINES[0], LINES[2]]
    assert owned.sh(f"stat -c '%a %U %G' {HTACCESS}; stat -c %Y {SITE}; ls {CONFIG} 2>&1; :").startswith(
        "640 ops ops\n1709251200\nls: "
    )
    assert apply(owned, f"cut\t{HTACCESS}\t3")[0] == 0
    assert owned.sh(f"cat {HTACCESS}").splitlines() == [LINES[0], LINES[1], LINES[3]]
    assert apply(owned, f"aside\t{HTACCESS}")[0] == 0
    assert apply(owned, f"cut\t{HTACCESS}\t1", f"aside\t{CONFIG}")[0] == 0
    assert owned.guard("restore", RUN)[0] == 0
    assert owned.guard("disarm", RUN) == (0, "")
    assert (owned.kept(), documents(owned), owned.traces()) == (before, documents_before, "")


def test_a_host_of_another_users_files_alone(owned: Target) -> None:
    before, documents_before = owned.kept(), documents(owned)
    spec = "".join(line for line in SPEC.splitlines(keepends=True) if not line.startswith("dir"))
    assert owned.guard("snap", RUN, stdin=spec + FILES)[0] == 0
    assert owned.guard("arm", RUN, "600")[0] == 0
    assert apply(owned, f"aside\t{HTACCESS}")[0] == 0
    assert apply(owned, f"cut\t{HTACCESS}\t1", f"aside\t{CONFIG}")[0] == 0
    put_back(owned)
    assert (owned.kept(), documents(owned)) == (before, documents_before)


@pytest.mark.parametrize(
    ("plant", "why"),
    [
        ("rm $1 && ln -s /etc/shadow $1", "no file"),
        ("rm $1 && mkfifo $1", "no file"),
        ("rm $1", "no file"),
        ("ln $1 ${1%/*}/other", "hard links"),
        ("chown ops:root $1", "of a group that its owner ops is not in"),
        ("chown 4711:4711 $1", "nor of the owner"),
        ("chown 4711:4711 $1 ${1%/*}", "is not in"),
        ("chown www-data ${1%/*}", "nor of the owner"),
        ("chown root ${1%/*}", "not write to its folder"),
        ("chmod 000 $1", "may not read it"),
        ("chmod 1777 ${1%/*}", "everybody's writing"),
        ("mv ${1%/*} ${1%/*}2; ln -s site2 ${1%/*}", "a link"),
        ("chown root:root $1", "not root's"),
    ],
)
def test_what_its_owner_could_not_put_back_is_not_held(owned: Target, plant: str, why: str) -> None:
    owned.sh(plant, HTACCESS)
    before = documents(owned)
    status, said = hold(owned, f"file {HTACCESS}\n")
    assert status == UNSAFE, said
    assert why in said
    assert (owned.state(), documents(owned)) == ("NONE", before)
    owned.sh("rm -rf /srv/www/site2")


@pytest.mark.parametrize(
    "turn",
    few(
        [
            "mv $1 $1-away; ln -s /root/trap $1",
            "rm -f $1/.h*; ln -s /root/trap/.htaccess $1/.htaccess",
            "rm -f $1/.h*; mkfifo $1/.htaccess",
            "rm -f $1/.h*; mkdir $1/.htaccess",
            "chmod 000 $1",
        ],
        3,
    ),
)
def test_what_its_owner_turns_meanwhile_reaches_nothing_else(owned: Target, turn: str) -> None:
    """And holds up nothing of root's that is put back beside it."""
    owned.sh("mkdir -p /root/trap; echo '# secret' >/root/trap/.htaccess; chmod 600 /root/trap/.htaccess")
    trap, before = owned.files("/root/trap"), owned.files("/etc/apache2", "/etc/php")
    assert hold(owned, f"file {HTACCESS}\n")[0] == 0
    assert apply(owned, f"cut\t{HTACCESS}\t2", *DEVIATIONS)[0] == 0
    owned.sh('cp -a $1 /root/site; sh -c "$2" sh $1', SITE, turn)
    status, said = apply(owned, f"cut\t{HTACCESS}\t3")
    assert status in {DIFFERS, CANNOT}, said
    status, said = owned.guard("restore", RUN)
    assert (status, HTACCESS in said) == (DIFFERS, True), said
    digest = owned.sh("sha256sum </root/trap/.htaccess").split()[0]
    assert digest not in said + owned.guard("verify", RUN)[1]
    assert owned.files("/root/trap") == trap
    assert owned.files("/etc/apache2", "/etc/php") == before
    owned.sh("rm -rf $1 $1-away; cp -a /root/site $1; rm -r /root/site", SITE)
    put_back(owned)
    assert owned.sh(f"cat {HTACCESS}").splitlines() == LINES


def test_it_comes_back_where_no_room_is_left(owned: Target) -> None:
    """It is kept beside its place: a rename needs none."""
    before = documents(owned)
    assert hold(owned, f"file {SMALL}\n")[0] == 0
    assert apply(owned, f"aside\t{SMALL}")[0] == 0
    owned.sh("head -c 1M /dev/zero >/srv/www/small/big; for n in 1 2 3 4 5 6; do true >/srv/www/small/$n; done; :")
    assert apply(owned, f"cut\t{SMALL}\t1")[0] == CANNOT
    put_back(owned)
    owned.sh("rm -f /srv/www/small/[b1-6]*; touch -d 2024-03-01 /srv/www/small")
    assert documents(owned) == before


def test_its_owners_own_edit_is_left_alone(owned: Target) -> None:
    assert hold(owned)[0] == 0
    assert apply(owned, f"cut\t{HTACCESS}\t2")[0] == 0
    owned.sh(f"echo '# mine' >>{HTACCESS}")
    status, said = apply(owned, f"cut\t{HTACCESS}\t3")
    assert (status, f"edited by somebody else meanwhile: {HTACCESS}" in said) == (DIFFERS, True), said
    assert owned.guard("restore", RUN)[0] == DIFFERS
    assert owned.sh(f"tail -n 1 {HTACCESS}") == "# mine\n"
    assert owned.guard("rescue", "accept")[0] == 0
    wait_until(lambda: not owned.traces(), 30, owned.traces)
    assert owned.sh(f"tail -n 1 {HTACCESS}; ls -A {SITE}") == "# mine\n.htaccess\nconfig.php\n"


def test_without_the_kept_one_its_copy_comes_back(owned: Target) -> None:
    """Somebody has cleaned up what he did not know."""
    before = owned.sh(f"stat -c '%a %U %G %y %s' {HTACCESS} {CONFIG}")
    assert hold(owned)[0] == 0
    assert apply(owned, f"cut\t{HTACCESS}\t2", f"aside\t{CONFIG}")[0] == 0
    owned.sh(f"rm {SITE}/.ht.modbisect-*")
    put_back(owned)
    assert owned.sh(f"stat -c '%a %U %G %y %s' {HTACCESS} {CONFIG}") == before
    assert owned.sh(f"cat {HTACCESS}").splitlines() == LINES


@pytest.mark.parametrize(
    ("program", "word", "call"),
    few(
        [
            *(("/usr/bin/mv", "modbisect-", call) for call in (1, 2, 3)),
            ("/usr/bin/ln", "modbisect-", 1),
            *(("/usr/bin/cat", " ", call) for call in (1, 2, 3, 4, 5, 6)),
            *(("/usr/bin/touch", SITE, call) for call in (1, 2)),
            *(("/usr/bin/setpriv", SITE, call) for call in (1, 2, 3, 4, 5, 6)),
            *(("/usr/bin/timeout", SITE, call) for call in (1, 2, 3, 4)),
            *(("/usr/bin/find", "maxdepth 0", call) for call in (1, 2, 3)),
        ],
        3,
    ),
)
def test_whatever_ends_such_an_edit_it_comes_back(
    owned: Target, killer: Killer, program: str, word: str, call: int
) -> None:
    before, documents_before = owned.kept(), documents(owned)
    assert hold(owned)[0] == 0
    killer.take(program, f'"{word}"', call)
    owned.guard("apply", RUN, stdin=request(f"cut\t{HTACCESS}\t2", f"aside\t{CONFIG}"))
    owned.guard("apply", RUN, stdin=request(f"cut\t{HTACCESS}\t3"))
    killer.release()
    put_back(owned)
    assert (owned.kept(), documents(owned)) == (before, documents_before)


def test_the_watch_puts_it_back_by_itself(owned: Target) -> None:
    before, documents_before = owned.kept(), documents(owned)
    assert hold(owned)[0] == 0
    assert apply(owned, f"cut\t{HTACCESS}\t2", f"aside\t{CONFIG}")[0] == 0
    owned.sh("echo none 0 >/run/modbisect/lease")
    wait_until(lambda: not owned.traces(), 60, owned.traces)
    assert (owned.kept(), documents(owned)) == (before, documents_before)


def test_nothing_is_held_without_setpriv(owned: Target) -> None:
    owned.sh("mv /usr/bin/setpriv /root/setpriv")
    status, said = hold(owned)
    owned.sh("mv /root/setpriv /usr/bin/setpriv")
    assert (status, "setpriv" in said, owned.state()) == (UNSAFE, True, "NONE"), said
