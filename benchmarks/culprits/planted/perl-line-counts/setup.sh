#!/bin/sh
# A forecast is computed by a Perl page under mod_perl. Whoever looked for dead code had the interpreter count each line that is run.
set -eu
install -d /srv/perl /opt/perl/Devel
cat > /srv/perl/forecast.pl <<'PERL'
use strict; use warnings;
my ($level, $trend, $error) = (100, 1, 0);
for my $day (1 .. 120_000) {
	my $sold = $day * 7919 % 211;
	my $last = $level;
	$level = 0.2 * $sold + 0.8 * ($level + $trend);
	$trend = 0.1 * ($level - $last) + 0.9 * $trend;
	$error += abs($sold - $level);
}
print "Content-Type: text/html\n\n";
printf "<html><body>Forecast for 120000 days: %.2f, error %.2f</body></html>\n", $level, $error;
PERL
chmod 755 /srv/perl/forecast.pl
cat > /opt/perl/Devel/LineCounts.pm <<'PERL'
package Devel::LineCounts;
# Which lines are ever run? See %Devel::LineCounts::seen.
our %seen;
package DB;
sub DB { my ($package, $file, $line) = caller; $Devel::LineCounts::seen{$file}{$line}++ if $file !~ m{^/usr/(share|lib)/perl} }
1;
PERL
cat > /etc/apache2/conf-available/forecast.conf <<'CONF'
Alias /forecast /srv/perl/forecast.pl
<Directory /srv/perl>
	SetHandler perl-script
	PerlResponseHandler ModPerl::Registry
	PerlOptions +ParseHeaders
	Options +ExecCGI
	Require all granted
</Directory>
CONF
cat > /etc/apache2/conf-available/line-counts.conf <<'CONF'
<IfModule mod_perl.c>
	PerlSwitches -I/opt/perl -d:LineCounts
</IfModule>
CONF
a2enmod -q perl
a2enconf -q forecast line-counts
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/forecast | grep 'Forecast for 120000 days'
