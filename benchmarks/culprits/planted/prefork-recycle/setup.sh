#!/bin/sh
# Left over from the hunt for a crash: one worker only, so that the debugger sees it, and a fresh one for each connection. The next
# visitor waits in the listen queue until the parent has noticed that the last one is gone, and looked once more.
set -eu
cat > /etc/apache2/conf-available/one-worker.conf <<'CONF'
# For gdb (ticket 4471)
<IfModule mpm_prefork_module>
	StartServers 1
	MinSpareServers 1
	MaxSpareServers 1
	MaxRequestWorkers 1
	MaxConnectionsPerChild 1
</IfModule>
KeepAlive Off
CONF
a2enconf -q one-worker
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
