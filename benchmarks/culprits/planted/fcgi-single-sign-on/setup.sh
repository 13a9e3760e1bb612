#!/bin/sh
# Stock figures are for signed-on people only: mod_authnz_fcgi asks an agent on this host, which takes its time.
set -eu
cat > /opt/sso-agent <<'PERL'
#!/usr/bin/perl
# A FastCGI authenticator: lets everyone in as a guest, after a look at a directory far away.
use strict; use IO::Socket::INET;
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 9100, Listen => 64, ReuseAddr => 1) or die $!;
$SIG{CHLD} = 'IGNORE'; $SIG{PIPE} = 'IGNORE';
while (1) {
	my $client = $server->accept or next;
	if (fork) { close $client; next }
	my $id = 1;
	while (read($client, my $head, 8) == 8) {
		my (undef, $type, $request, $length, $padding) = unpack 'CCnnC', $head;
		read $client, my $body, $length + $padding if $length + $padding;
		$id = $request;
		last if $type == 4 && $length == 0 || $type == 5;
	}
	select undef, undef, undef, 0.35;
	my $text = "Status: 200\r\nVariable-REMOTE_USER: guest\r\n\r\n";
	print $client pack('CCnnCC', 1, 6, $id, length $text, 0, 0), $text, pack('CCnnCC', 1, 6, $id, 0, 0, 0),
		pack('CCnnCC', 1, 3, $id, 8, 0, 0), pack('NC4', 0, 0, 0, 0, 0);
	close $client;
	exit;
}
PERL
printf '[Service]\nExecStart=/usr/bin/perl /opt/sso-agent\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/sso-agent.service
systemctl daemon-reload
systemctl enable -q --now sso-agent
cat > /etc/apache2/conf-available/sso.conf <<'CONF'
AuthnzFcgiDefineProvider authn sso fcgi://127.0.0.1:9100/
<Location /catalogue.php>
	AuthType Basic
	AuthName "Shop"
	AuthnzFcgiCheckAuthnProvider sso Authoritative On RequireBasicAuth Off UserExpr "%{reqenv:REMOTE_USER}"
	Require valid-user
</Location>
CONF
a2enmod -q authnz_fcgi
a2enconf -q sso
apache2ctl configtest
systemctl restart apache2
curl -fsS -o /dev/null http://localhost/catalogue.php
