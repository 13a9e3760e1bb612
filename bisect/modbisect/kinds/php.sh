# PHP's modules and settings: in Debian's layout, and where a host has one PHP, RHEL's and that of Docker's images.

section files
find /etc/php/*/mods-available /etc/php/*/*/conf.d /etc/php.d /usr/local/etc/php/conf.d -maxdepth 1 -mindepth 1 -printf '%p\t%y\t%Y\t%T@\t%l\n' 2>/dev/null | sort

section markers
find /var/lib/php/modules -type f -path '*_by_*' -printf '%T@\t%p\n' 2>/dev/null | sort

section objects
grep -D skip -hE '^[[:space:]]*(zend_)?extension[[:space:]]*=' /etc/php/*/mods-available/*.ini /etc/php.d/*.ini /usr/local/etc/php/conf.d/*.ini 2>/dev/null |
  sed -nE 's|^[^=]*=[[:space:]]*"?([A-Za-z0-9_./+-]+).*|\1|; s|(\.so)?$|.so|; /^\//!{s|.*|/usr/lib/php/*/&\n/usr/lib64/php/modules/&|}; p' | linked_objects

# From which folders a server's PHP reads ini files: those of its environment, or the one that it was built with. FPM
# writes its title over its environment, so its unit's counts as well.
scanned() { # NAME PID UNIT
  [ "$2" != 0 ] || return
  binary=$(awk '$6 ~ /\/libphp[0-9.]*\.so$/ {print $6; exit}' "/proc/$2/maps")
  own=$(grep -D skip -aoE '/[A-Za-z0-9_./-]+/(conf|php)\.d' -- "${binary:-/proc/$2/exe}" | head -n 1)
  said=$({
    tr '\0' '\n' <"/proc/$2/environ"
    [ ! -d /run/systemd/system ] || timeout 10 systemctl show -p Environment --value -- "$3" | tr -d '"' | tr ' ' '\n'
  } | sed -nE 's|^(PHP_INI_SCAN_DIR=[A-Za-z0-9_./:+-]*)$|\1|p' | head -n 1)
  [ "$said$own" ] || return
  [ "$said" ] || said="PHP_INI_SCAN_DIR=$own"
  printf '%s' "$1"
  printf '%s\n' "${said#*=}" | awk -v own="$own" -F : '{for (i = 1; i <= NF; i++) print $i == "" ? own : $i}' | while read -r folder; do
    for debians in /etc/php/*/*/conf.d; do
      # shellcheck disable=SC3013  # dash, bash and busybox have it
      [ ! "$folder" -ef "$debians" ] || folder=$debians
    done
    printf '\t%s' "$folder"
  done
  echo
}

section php-scanned
{
  scanned "$main" "$parent" "$main.service"
  for fpm in $fpms; do scanned "$fpm" "$(fpm_pid "$fpm")" "$fpm.service"; done
} 2>/dev/null

# Of values only what plain letters say, and of those only the settings that modbisect knows.
section php-headers
grep -D skip -nHE '^[[:space:]]*((zend_)?extension[[:space:]]*=|;[[:space:]]*priority[[:space:]]*=)' \
  /etc/php/*/mods-available/*.ini /etc/php.d/*.ini /usr/local/etc/php/conf.d/*.ini 2>/dev/null |
  sed -nE 's/^([^:]*:[0-9]+):[[:space:]]*(;?[[:space:]]*[a-z_]+)[[:space:]]*=[[:space:]]*"?([A-Za-z0-9_.\/+-]*).*/\1:\2=\3/p'

# Those of php_settings.txt.
known='
  auto_prepend_file auto_append_file browscap default_socket_timeout display_errors display_startup_errors
  enable_post_data_reading error_log html_errors ignore_repeated_errors implicit_flush log_errors mail.log
  memory_limit output_buffering output_handler realpath_cache_size realpath_cache_ttl register_argc_argv
  user_ini.cache_ttl zend.assertions zend.enable_gc zend.multibyte zlib.output_compression
  zlib.output_compression_level zlib.output_handler disable_classes disable_functions open_basedir
  pcre.backtrack_limit pcre.jit pcre.recursion_limit session.auto_start session.gc_divisor session.gc_maxlifetime
  session.gc_probability session.lazy_write session.save_handler session.save_path session.serialize_handler
  session.upload_progress.enabled session.upload_progress.freq session.upload_progress.min_freq session.use_trans_sid
  opcache.blacklist_filename opcache.consistency_checks opcache.enable opcache.enable_file_override opcache.file_cache
  opcache.file_cache_only opcache.force_restart_timeout opcache.huge_code_pages opcache.interned_strings_buffer
  opcache.jit opcache.jit_buffer_size opcache.max_accelerated_files opcache.max_file_size
  opcache.max_wasted_percentage opcache.memory_consumption opcache.optimization_level opcache.preload
  opcache.protect_memory opcache.revalidate_freq opcache.revalidate_path opcache.use_cwd opcache.validate_permission
  opcache.validate_root opcache.validate_timestamps apc.enabled apc.entries_hint apc.serializer apc.shm_size
  apc.slam_defense apc.ttl xdebug.mode xdebug.start_with_request mbstring.encoding_translation
  memcached.sess_lock_retries memcached.sess_locking memcached.sess_number_of_replicas mysqli.allow_persistent
  mysqlnd.collect_memory_statistics mysqlnd.debug mysqlnd.net_read_buffer_size pgsql.allow_persistent
  pgsql.auto_reset_persistent redis.session.lock_retries redis.session.lock_wait_time redis.session.locking_enabled
  soap.wsdl_cache_enabled soap.wsdl_cache_ttl tidy.clean_output uploadprogress.get_contents
'
known_settings() { # of lines PATH:NUMBER:NAME = VALUE
  awk -v known="$known" '
    BEGIN {n = split(known, name, /[ \n]+/); for (i = 1; i <= n; i++) is[name[i]] = 1}
    match($0, /^[^:]*:[0-9]+:/) {
      head = substr($0, 1, RLENGTH); text = substr($0, RLENGTH + 1); at = index(text, "=")
      key = substr(text, 1, at - 1); value = substr(text, at + 1)
      gsub(/[ \t]/, "", key); sub(/^[ \t]+/, "", value)
      if (!(key in is)) next
      if (value !~ /^"?[A-Za-z0-9_.,\/+%-]*"?[ \t\r]*(;.*)?$/) value = "set"
      sub(/[ \t\r]*(;.*)?$/, "", value)
      print head key " = " value
    }'
}

section php-settings
grep -D skip -nHE '^[[:space:]]*[a-z_]+(\.[a-z_]+)*[[:space:]]*=' \
  /etc/php/*/*/php.ini /etc/php/*/*/conf.d/*.ini /etc/php.ini /etc/php.d/*.ini \
  /usr/local/etc/php/php.ini /usr/local/etc/php/conf.d/*.ini 2>/dev/null | known_settings

user_inis() { # which an FPM reads in the folders of the site
  { roots; aliases; } | awk '!seen[$0]++' | head -n 40 | while IFS= read -r root; do
    case $root in /*) timeout 2 find -P "$root" -maxdepth 3 -xdev -type f -name .user.ini 2>/dev/null | head -n 50 ;; esac
  done | grep -xE '(/[A-Za-z0-9_.+-]+)+' | sort -u
}

# What Apache tells its own PHP, a pool its workers, or a folder of the site whoever serves it, no ini file changes.
section php-overrides
{
  apache_files | tr '\n' '\0' | xargs -0r grep -D skip -nHE '^[[:space:]]*php_(admin_)?(value|flag)[[:space:]]' --
  grep -D skip -nHE '^[[:space:]]*php_(admin_)?(value|flag)\[' /etc/php/*/fpm/pool.d/*.conf /etc/php-fpm.d/*.conf /usr/local/etc/php-fpm.d/*.conf
  user_inis | holdable | tr '\n' '\0' | xargs -0r grep -nHE '^[[:space:]]*[a-z_]+(\.[a-z_]+)*[[:space:]]*=' --
} 2>/dev/null | head -n 200 | while IFS=: read -r path rest; do
  printf '%s:%s\n' "$(readlink -f -- "$path")" "$rest"
done | sed -E 's/^([^:]*:[0-9]+:)[[:space:]]*php_(admin_)?(value|flag)[[[:space:]]+"?([A-Za-z0-9_.]+)"?\]?[[:space:]]*=?[[:space:]]*/\1\4 = /' | known_settings
