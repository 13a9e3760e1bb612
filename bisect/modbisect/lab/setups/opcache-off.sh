#!/bin/sh
# Plants a missing component: Apache's PHP runs without its opcode cache. Run after shop.sh; /report shows it.
set -eu
php=$(ls /etc/php)

phpdismod -v $php -s apache2 opcache
apache2ctl configtest
systemctl restart apache2

expect() {
	text=$1
	shift
	curl -fsS "$@" | grep -q "$text" && return
	echo "the site does not answer '$text' to: curl $*" >&2
	exit 1
}
expect '60 items' http://localhost/report
if phpquery -q -v $php -s apache2 -m opcache; then
	echo 'opcache is still on' >&2
	exit 1
fi
