"""What sets some components of a host apart: for a person who scans it, never a verdict."""

from pathlib import Path

from modbisect import kinds

SURVEY = (Path(__file__).parent / "surveys/debian12-shop.txt").read_text()
GUARD = "/etc/php/8.2/mods-available/uploadguard.ini"


def unusual(text: str, since: float = float("inf")) -> dict[str, str]:
    found = kinds.parse(text)
    return {component.id: why for component, why in kinds.unusual(kinds.discover(found), found, since).items()}


def test_of_no_package_is_told_of_what_is_on() -> None:
    off = "/etc/apache2/mods-available/rewrite.load"
    told = unusual(SURVEY.replace("@@ guard\n", f"@@ unpackaged\n{GUARD}\n{off}\n@@ guard\n"))
    plain = unusual(SURVEY)
    assert {name for name in told if told[name] != plain.get(name)} == {
        component.id
        for component in kinds.discover(kinds.parse(SURVEY))
        if component.on and component.name in ("uploadguard", "rewrite")
    }


def test_what_a_person_switched_off_is_told() -> None:
    assert unusual(SURVEY)["apache-module:security2"] == "switched off by a person"


def test_since_when_it_is_slow_tells_every_change_from_then_on_the_latest_first() -> None:
    everything = unusual(SURVEY, since=0.0)
    assert len(everything) > 100
    times = [why.partition("changed ")[2][:16] for why in everything.values() if "changed" in why]
    assert times == sorted(times, reverse=True)
    assert unusual(SURVEY, since=4e9) == unusual(SURVEY)


def upgraded(*lines: str, zone: str = "+0100") -> str:
    rows = "".join("\t".join(line.split("|")) + "\n" for line in lines)
    return SURVEY.replace("@@ guard\n", f"@@ packages\n{rows}@@ clock\n{zone}\n@@ guard\n")


def test_whose_package_was_upgraded_lately_is_told_and_suspected() -> None:
    text = upgraded(
        "2026-11-26 01:00:00|upgrade|php8.2-gd|/usr/lib/php/20220829/gd.so",
        "2026-11-26 01:00:00|upgrade|php8.2-gd|/etc/php/8.2/mods-available/gd.ini",
        "2026-11-20 10:00:00|remove|php8.2-apcu|-",
    )
    assert unusual(text)["php-module:gd"].endswith("package php8.2-gd upgraded 2026-11-26 00:00 UTC")
    assert set(unusual(text)) == {*unusual(SURVEY), "php-module:gd"}
    suspicion = {component.id: component.suspicion for component in kinds.discover(kinds.parse(text))}
    plain = {component.id: component.suspicion for component in kinds.discover(kinds.parse(SURVEY))}
    assert {name for name in plain if suspicion[name] > plain[name]} == {"php-module:gd"}


def test_what_was_put_in_all_at_once_tells_nothing() -> None:
    """As where the whole server was set up within the reach of the log; but a later upgrade does."""
    files = [component.name for component in kinds.discover(kinds.parse(SURVEY)) if component.kind == "apache-module"]
    whole = [f"2026-11-01 10:00:00|install|apache2|/etc/apache2/mods-available/{name}.load" for name in files]
    assert len(files) > 50
    assert unusual(upgraded(*whole)) == unusual(SURVEY)
    later = "2026-11-26 10:00:00|upgrade|libapache2-mod-x|/etc/apache2/mods-available/rewrite.load"
    assert set(unusual(upgraded(*whole[1:], later))) == {*unusual(SURVEY), "apache-module:rewrite"}


def test_packages_without_a_component_are_told_since_a_time() -> None:
    found = kinds.parse(
        upgraded(
            "2026-11-22 01:00:00|upgrade|mariadb-server|-",
            "2026-11-10 10:00:00|remove|php8.2-apcu|-",
            *("yesterday|upgrade|a|-", "2026-11-22 01:00:00|fired|b|-", "2026-11-22", "|||"),
        )
    )
    told = [str(change) for change in kinds.latest(found, since=0.0)]
    assert told == ["mariadb-server upgraded 2026-11-22 00:00 UTC", "php8.2-apcu removed 2026-11-10 09:00 UTC"]
    assert [change.what for change in kinds.latest(found)] == ["mariadb-server upgraded"]


def test_rpm_says_in_seconds_when_a_package_was_put_in_last() -> None:
    found = kinds.parse(upgraded("@1795815360|install|httpd|/etc/httpd/conf.d/x.conf", "@x|install|php-fpm|-"))
    assert [str(change) for change in kinds.latest(found, since=0.0)][:1] == ["httpd installed 2026-11-27 21:36 UTC"]


def test_what_was_changed_and_deployed_of_the_site() -> None:
    rows = "@@ site-files\n1795400000.5\t/srv/a.php\n1700000000\t/srv/b.php\nx\ty\n"
    rows += "@@ site-history\n1795400001\tpull\tin /srv\n"
    found = kinds.parse(SURVEY.replace("@@ guard\n", f"{rows}@@ guard\n"))
    assert [str(change) for change in kinds.latest(found)] == [
        "pull in /srv by git 2026-11-23 02:13 UTC",
        "/srv/a.php changed 2026-11-23 02:13 UTC",
    ]
    assert len(kinds.latest(found, since=1.6e9)) == 3
    far = kinds.parse(SURVEY.replace("@@ guard\n", "@@ site-files\n999999999999\t/srv/a.php\n@@ guard\n"))
    assert str(kinds.latest(far)[0]) == "/srv/a.php changed 9999-12-31 23:59 UTC"
