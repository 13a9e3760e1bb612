# PHP-FPM: a unit and a master for each version of PHP.

fpm_without_systemd() { # unit...: those of FPM among them; no server may inherit the lock
  for unit; do
    case $unit in php*) service "${unit%.service}" restart 2>&1 9>&- || return 1 ;; esac
  done
}
