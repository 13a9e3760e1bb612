# How the servers are called on a host: units, programs, pid files. The main one serves the site.

# shellcheck disable=SC2034  # for the other files
main_is() { # apache2, httpd or nginx
  main_program=$1 main_unit=$1.service pid_file=/run/$1/$1.pid
  case $1 in
    nginx) pid_file=/run/nginx.pid ;;
    httpd) [ -d /run/httpd ] || [ ! -d /usr/local/apache2/logs ] || pid_file=/usr/local/apache2/logs/httpd.pid ;;
  esac
}

# shellcheck disable=SC2034  # for the other files
main_programs="apache2 httpd nginx" fpm_units="php*-fpm.service" fpm_pid_files="/run/php/php*-fpm.pid /run/php-fpm/php-fpm.pid"
# What keeps pages in front of the main one: anew when that is, and not before.
# shellcheck disable=SC2034
caches_in_front="varnish.service"
main_is apache2
