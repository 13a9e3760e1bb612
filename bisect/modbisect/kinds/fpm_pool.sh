# Pools of PHP-FPM: which there are, and what holds their requests back.

section fpm-pools
grep -D skip -nHE '^[[:space:]]*(\[[A-Za-z0-9_.+-]+\]|(pm|pm\.max_children|pm\.max_requests|process\.priority|request_slowlog_timeout|request_terminate_timeout|catch_workers_output)[[:space:]]*=[[:space:]]*[A-Za-z0-9.-]+)[[:space:]]*(;.*)?$' \
  /etc/php/*/fpm/pool.d/*.conf /etc/php-fpm.d/*.conf /usr/local/etc/php-fpm.d/*.conf 2>/dev/null | sed -E 's/[[:space:]]*(;.*)?$//'
