#!/bin/sh
# A hook in Lua that refuses addresses of a list. It reads the list at each request.
set -eu
install -d /etc/apache2/lua
python3 - <<'PY'
with open("/etc/apache2/lua/blocklist.txt", "w") as out:
    for n in range(160000):
        out.write(f"{100 + n % 90}.{n * 7 % 251}.{n * 13 % 253}.{n * 31 % 254 + 1} # seen {n % 28 + 1:02d}.03., score {n % 97}\n")
PY
cat > /etc/apache2/lua/blocklist.lua <<'LUA'
require 'apache2'

function check(r)
	local blocked = {}
	for line in io.lines('/etc/apache2/lua/blocklist.txt') do
		local address, score = line:match('^(%S+)%s+#.-score (%d+)')
		if address and tonumber(score) > 20 then
			blocked[address] = true
		end
	end
	if blocked[r.useragent_ip] then
		return 403
	end
	return apache2.DECLINED
end
LUA
cat > /etc/apache2/conf-available/blocklist.conf <<'CONF'
<IfModule mod_lua.c>
	LuaHookAccessChecker /etc/apache2/lua/blocklist.lua check
</IfModule>
CONF
a2enconf -q blocklist
apache2ctl configtest
systemctl restart apache2
curl -fsS -o /dev/null http://localhost/catalogue.php
