#!/bin/sh
# The price list is for staff, of whom the directory (LDAP) knows; the screen in the hall is signed in by Apache itself. Searches in the
# directory are slow, which mod_ldap's cache hides, until somebody switched it off so that new passwords work at once.
set -eu
cat > /opt/directory-server <<'PY'
#!/usr/bin/python3
"""A small LDAP directory: who signs in is welcome; a search finds the person, and is slow, as without an index."""
import socketserver, time

def ber(tag, *parts):
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes([tag]) + size + body

class Directory(socketserver.StreamRequestHandler):
    def handle(self):
        done = ber(10, b"\0") + ber(4) + ber(4)
        while head := self.rfile.read(2):
            size = head[1] if head[1] < 128 else int.from_bytes(self.rfile.read(head[1] & 127), "big")
            message = self.rfile.read(size)
            after = 2 + message[1]
            number, operation = message[:after], message[after]
            if operation == 0x60:
                self.wfile.write(ber(0x30, number, ber(0x61, done)))
            elif operation == 0x63:
                time.sleep(0.3)
                entry = ber(4, b"uid=hall,dc=shop") + ber(0x30, ber(0x30, ber(4, b"uid"), ber(0x31, ber(4, b"hall"))))
                self.wfile.write(ber(0x30, number, ber(0x64, entry)) + ber(0x30, number, ber(0x65, done)))
            elif operation == 0x42:
                return

socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", 3890), Directory).serve_forever()
PY
printf '[Service]\nExecStart=/usr/bin/python3 /opt/directory-server\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/directory.service
cat > /etc/apache2/conf-available/staff.conf <<'CONF'
<IfModule mod_authnz_ldap.c>
	RequestHeader set Authorization "Basic aGFsbDpoYWxs" early
	<Location /prices.txt>
		AuthType Basic
		AuthName "Staff"
		AuthBasicProvider ldap
		AuthLDAPURL "ldap://127.0.0.1:3890/dc=shop?uid?sub"
		Require valid-user
	</Location>
</IfModule>
CONF
cat > /etc/apache2/conf-available/fresh-passwords.conf <<'CONF'
<IfModule ldap_module>
	LDAPCacheEntries 0
	LDAPOpCacheEntries 0
</IfModule>
CONF
a2enmod -q headers authnz_ldap
a2enconf -q staff fresh-passwords
systemctl daemon-reload
systemctl enable -q --now directory
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/prices.txt | tail -1 | grep 'item 80000;'
