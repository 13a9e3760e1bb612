#!/bin/sh
# Partners may always read the price list, wherever their lines lead today: Apache asks the name server for their addresses, at each
# request, and the name server is slow. (All others may read it as well, since the spring.)
set -eu
cat > /opt/name-server <<'PY'
#!/usr/bin/python3
"""A slow name server: every name has one IPv4 address."""
import socket, threading, time
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
def answer(query, client):
    time.sleep(0.12)
    end = query.index(b"\0", 12) + 5
    is_a = query[end - 4:end - 2] == b"\0\1"
    record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton("192.0.2.77") if is_a else b""
    server.sendto(query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_a else b"\0\0") + b"\0\0\0\0" + query[12:end] + record, client)
while True:
    threading.Thread(target=answer, args=server.recvfrom(4096)).start()
PY
printf '[Service]\nExecStart=/usr/bin/python3 /opt/name-server\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/name-server.service
rm -f /etc/resolv.conf
printf 'nameserver 127.0.0.1\n' > /etc/resolv.conf
sed -i 's/^hosts:.*/hosts: files dns/' /etc/nsswitch.conf
cat > /etc/apache2/conf-available/partners.conf <<'CONF'
<Location /prices.txt>
	Require forward-dns gate.partner-one.example
	Require forward-dns vpn.partner-two.example
	Require forward-dns office.partner-three.example
	Require all granted
</Location>
CONF
a2enconf -q partners
systemctl daemon-reload
systemctl enable -q --now name-server
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/prices.txt | tail -1 | grep 'item 80000;'
