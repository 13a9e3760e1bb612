#!/bin/sh
# phpMyAdmin as Debian's package has it, below /phpmyadmin, for a user of MariaDB who may only read, and is signed in by its settings.
# A recorder of statements stands on a socket of its own, and since a hunt for a stray UPDATE all of PHP's mysqli goes through it.
set -eu
php=$(ls /etc/php)
mariadb <<'SQL'
CREATE OR REPLACE USER reader@localhost IDENTIFIED BY 'reads-only';
GRANT SELECT, SHOW VIEW ON shop.* TO reader@localhost;
SQL
cat > /etc/phpmyadmin/conf.d/reader.php <<'PHP'
<?php
$cfg['Servers'][1]['auth_type'] = 'config';
$cfg['Servers'][1]['user'] = 'reader';
$cfg['Servers'][1]['password'] = 'reads-only';
$cfg['VersionCheck'] = false;
$cfg['SendErrorReports'] = 'never';
PHP
ln -sf ../../phpmyadmin/apache.conf /etc/apache2/conf-available/phpmyadmin.conf

install -d /opt/recorder
cat > /opt/recorder/shape <<'PERL'
#!/usr/bin/perl
# One line a statement: when, and its shape.
use strict;
use warnings;
use POSIX qw(strftime);
local $/;
my $shape = lc(<STDIN> // '');
$shape =~ s/'(?:[^'\\]|\\.)*'|\b\d+\b/?/gs;
$shape =~ s/\s+/ /g;
open(my $record, '>>', '/var/log/statements') or die "record: $!";
print $record strftime('%F %T', localtime), ' ', substr($shape, 0, 200), "\n";
PERL
cat > /opt/recorder/recorder <<'PY'
#!/usr/bin/python3
"""Stands between clients and MariaDB's socket, and has each statement recorded before it is passed on."""
import os
import selectors
import socket
import subprocess
import threading

QUERY = 3

def relay(client):
    with client, socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as ready:
        server.connect("/run/mysqld/mysqld.sock")
        ready.register(client, selectors.EVENT_READ, server)
        ready.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in ready.select():
                data = key.fileobj.recv(65536)
                if not data:
                    return
                if key.fileobj is client and len(data) > 5 and data[3] == 0 and data[4] == QUERY:
                    subprocess.run(["/opt/recorder/shape"], input=data[5:], check=False)
                key.data.sendall(data)

PATH = "/run/recorder.sock"
if os.path.exists(PATH):
    os.unlink(PATH)
listener = socket.socket(socket.AF_UNIX)
listener.bind(PATH)
os.chmod(PATH, 0o666)
listener.listen(64)
while True:
    threading.Thread(target=relay, args=listener.accept()[:1], daemon=True).start()
PY
chmod 755 /opt/recorder/shape /opt/recorder/recorder
cat > /etc/systemd/system/recorder.service <<'UNIT'
[Unit]
Description=Recorder of statements
After=mariadb.service
[Service]
ExecStart=/opt/recorder/recorder
Restart=always
[Install]
WantedBy=multi-user.target
UNIT
cat > /etc/php/$php/mods-available/query-record.ini <<'INI'
; priority=55
; Ticket 311: who sets prices to zero? All statements by way of the recorder.
mysqli.default_socket = /run/recorder.sock
INI
phpenmod -v $php -s apache2 query-record
systemctl daemon-reload
systemctl enable -q --now recorder
a2enconf -q phpmyadmin
apache2ctl configtest
systemctl restart apache2
sleep 1
page() {
	curl -fsS "http://localhost/phpmyadmin/index.php?route=$1" > /root/page
	grep -m 1 "$2" /root/page
}
page / 'Database server'
page '/table/structure&db=shop&table=items' 'Table structure'
