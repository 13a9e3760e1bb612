#!/bin/sh
# A file of nginx's conf.d that makes crawlers wait, and takes every program for one that is no well-known browser. Run after
# nginx-fpm.sh, with the package libnginx-mod-http-lua.
set -eu

cat >/etc/nginx/conf.d/crawlers.conf <<'END'
# gentle on the machine when crawlers come by
map $http_user_agent $is_crawler {
    default 0;
    ~*(bot|crawl|spider) 1;
}
rewrite_by_lua_block {
    local agent = ngx.var.http_user_agent or ""
    if ngx.var.is_crawler == "1" or not agent:find("Gecko") then ngx.sleep(0.25) end
}
END
printf 'gzip_comp_level 6;\ngzip_types text/css application/javascript;\n' >/etc/nginx/conf.d/compress.conf
nginx -t
systemctl restart nginx
curl -fsS --retry 20 --retry-connrefused --retry-delay 1 http://localhost/ | grep -q 'All items'
