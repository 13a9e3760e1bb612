# How the servers are called on a host: units, programs, pid files.

# shellcheck disable=SC2034  # for the other files
main_unit=apache2.service main_program=apache2 pid_file=/run/apache2/apache2.pid \
  fpm_units="php*-fpm.service" fpm_pid_files="/run/php/php*-fpm.pid"
