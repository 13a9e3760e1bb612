#!/bin/sh
# Plants the profiler that somebody forgot: every request is profiled. Run after pages.sh; /catalogue.php shows it.
set -eu
php=$(ls /etc/php)

cat > /etc/php/$php/mods-available/xdebug.ini <<'INI'
zend_extension=xdebug.so
xdebug.mode = profile
xdebug.start_with_request = yes
; One file for all requests: a file for each would fill the disk.
xdebug.profiler_output_name = cachegrind.out
INI
phpenmod -v $php -s apache2 xdebug
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
