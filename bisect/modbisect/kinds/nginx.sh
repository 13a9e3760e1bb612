# The modules that nginx loads, and whether it runs.

section files
find /etc/nginx/modules-enabled -maxdepth 1 -mindepth 1 -printf '%p\t%y\t%Y\t%T@\t%l\n' 2>/dev/null | sort

section server
[ ! -d /etc/nginx/modules-enabled ] || [ ! -d /run/systemd/system ] || echo "unit nginx.service $(timeout 10 systemctl is-active nginx.service)"
