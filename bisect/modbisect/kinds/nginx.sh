# What nginx could load, and of the files that it reads the lines that cost time or save it. Of values only what plain
# letters say.
nginx_known='
  access_log aio client_body_buffer_size client_body_in_file_only directio fastcgi_buffer_size
  fastcgi_buffering fastcgi_buffers fastcgi_cache fastcgi_cache_lock fastcgi_cache_lock_timeout fastcgi_keep_conn
  fastcgi_limit_rate fastcgi_next_upstream fastcgi_request_buffering gunzip gzip gzip_buffers gzip_comp_level
  gzip_min_length gzip_proxied gzip_static gzip_types image_filter keepalive_requests keepalive_timeout limit_conn
  limit_rate limit_rate_after limit_req lingering_close lingering_time lingering_timeout log_subrequest mirror
  mirror_request_body open_file_cache open_log_file_cache output_buffers postpone_output proxy_buffer_size
  proxy_buffering proxy_buffers proxy_cache proxy_cache_lock proxy_cache_lock_timeout proxy_http_version
  proxy_limit_rate proxy_next_upstream proxy_request_buffering read_ahead reset_timedout_connection
  resolver_timeout sendfile sendfile_max_chunk send_lowat ssi sub_filter sub_filter_once tcp_nodelay
  tcp_nopush worker_aio_requests worker_connections worker_priority worker_processes
'

nginx_files() { # that it reads, by its own word
  timeout -k 5 30 nginx -T 2>/dev/null | sed -nE 's/^# configuration file (\/etc\/nginx(\/[A-Za-z0-9_.+-]+)+):$/\1/p' |
    while IFS= read -r read_file; do readlink -f -- "$read_file"; done | grep -xE '/etc/nginx(/[A-Za-z0-9_.+-]+)+' | sort -u
}

section files
[ "$main" != nginx ] ||
  find /etc/nginx/modules-enabled /usr/share/nginx/modules-available -maxdepth 1 -mindepth 1 -printf '%p\t%y\t%Y\t%T@\t%l\n' 2>/dev/null | sort

section nginx-loads
grep -D skip -nHE '^[[:space:]]*load_module[[:space:]]' /usr/share/nginx/modules-available/*.conf 2>/dev/null |
  grep -xE '[^:]*:[0-9]+:[[:space:]]*load_module[[:space:]]+[A-Za-z0-9_./"+-]+;[[:space:]]*'

section nginx-directives
[ "$main" != nginx ] || nginx_files | while IFS= read -r read_file; do
  head -c 1M -- "$read_file" | awk -v path="$read_file" -v known="$nginx_known" '
    BEGIN {n = split(known, name, /[ \n]+/); for (i = 1; i <= n; i++) is[name[i]] = 1}
    match($0, /^[ \t]*[a-z_]+[ \t]+[^{};]*;[ \t\r]*(#.*)?$/) {
      text = $0; sub(/;[^;]*$/, "", text); sub(/^[ \t]+/, "", text); gsub(/[ \t]+/, " ", text)
      split(text, word, " ")
      if (!(word[1] in is) || word[1] == "") next
      if (text !~ /^[a-z_]+( [A-Za-z0-9_.,\/%*=+-]+)+$/ || length(text) > 100) text = word[1] " ..."
      print path ":" NR ":" text
    }'
done 2>/dev/null | head -n 1000

# Files of conf.d: the path, the last of its directives that guards access, and whether it holds a site.
section nginx-confs
[ "$main" != nginx ] || nginx_files | grep -xE '/etc/nginx/conf\.d/[A-Za-z0-9_.+-]+\.conf' | while IFS= read -r read_file; do
  head -c 1M -- "$read_file" | awk -v path="$read_file" '
    !/^[ \t]*#/ {text = text " " $0}
    END {
      n = split(text, part, /[{};]/)
      for (i = 1; i <= n; i++) {
        words = split(part[i], word, " "); name = word[1]
        if (name ~ /^(allow|deny|auth_|satisfy|limit_(req|conn|except)|ssl_|secure_link|internal$|valid_referers|set_real_ip|real_ip_|modsecurity|access_by_|[a-z_]*_by_lua_file$|js_|perl|include$)/) guard = name
        if (name == "return" && word[2] ~ /^4/) guard = name
        if (part[i] ~ /ngx[.](exit|redirect)/) guard = "ngx.exit"   # code may turn visitors away by itself
        if (name == "server" && words == 1) site = "a site"
      }
      print path "\t" guard "\t" site
    }'
done 2>/dev/null | head -n 300

# Where it hands on to PHP: the directive and the name of FPM.
section handlers
[ "$main" != nginx ] || nginx_files | while IFS= read -r read_file; do
  sed -nE 's/^[[:space:]]*fastcgi_pass[[:space:]].*(php[0-9.]*-fpm).*/\1/p' -- "$read_file" | while read -r named; do printf '%s:1:fastcgi_pass %s\n' "$read_file" "$named"; done
done | head -n 200
