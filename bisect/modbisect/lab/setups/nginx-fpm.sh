#!/bin/sh
# The shop behind nginx and PHP-FPM in place of Apache; Apache stays installed and does not run. Run after shop.sh, with
# the package nginx. An include of its own throttles what is longer than 64 KiB.
set -eu

systemctl disable -q --now apache2
phpenmod -v 8.2 -s fpm shop
mkdir -p /etc/nginx/extra
cat >/etc/nginx/extra/speed.conf <<'END'
# fair to all
limit_rate_after 64k;
limit_rate 1m;
END
cat >/etc/nginx/sites-available/default <<'END'
server {
    listen 80 default_server;
    root /var/www/html;
    index index.php index.html;
    include extra/*.conf;
    location / { try_files $uri $uri/ /index.php?$query_string; }
    location ~ \.php$ {
        include snippets/fastcgi-php.conf;
        fastcgi_pass unix:/run/php/php8.2-fpm.sock;
    }
}
END
head -c 1300000 /dev/urandom >/var/www/html/plan.pdf # more than nginx lets go in the first second, whatever fits into a socket
nginx -t
systemctl enable -q nginx php8.2-fpm
systemctl restart php8.2-fpm nginx
curl -fsS --retry 20 --retry-connrefused --retry-delay 1 http://localhost/ | grep -q 'All items'
