#!/bin/sh
# Plants the lookup of every client's name at a name server that takes its time. Run after shop.sh; a client that
# stands in /etc/hosts, as this host itself, does not see it.
set -eu

cat > /opt/slow-resolver <<'PERL'
#!/usr/bin/perl
# A name server that knows no name and says so after a while.
use IO::Socket::INET;
my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.53', LocalPort => 53, Proto => 'udp') or die $!;
while (my $client = $socket->recv(my $packet, 512)) {
	select undef, undef, undef, 0.1;
	substr($packet, 2, 2) = "\x81\x83";
	$socket->send($packet);
}
PERL
systemd-run -q --unit=slow-resolver perl /opt/slow-resolver
echo 'nameserver 127.0.0.53' > /etc/resolv.conf
sed -i 's/^hosts:.*/hosts: files dns/' /etc/nsswitch.conf
echo 'HostnameLookups On' > /etc/apache2/conf-available/names-in-log.conf
a2enconf -q names-in-log
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
