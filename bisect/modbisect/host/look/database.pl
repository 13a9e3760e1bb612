# --- what the database is at -----------------------------------------------------------------------
# Its own list of queries, asked for once somebody is seen to wait for it. Of a query its words are told, and no value.

my ($database, $lister, %queries, $listed);

sub waits_for_database { return grep { m{mysqld|mariadbd|:3306\b} } @_ }

sub ask_database { # for so many seconds; once
  my $left = shift;
  return if $listed++ || $left < 0.5;
  my ($client) = grep { -x } qw(/usr/bin/mariadb /usr/bin/mysql) or return missing('database', 'its client is not there');
  my $list = q{SELECT CONCAT('q ', LEFT(REPLACE(REPLACE(INFO, '\n', ' '), '\r', ' '), 500)) FROM information_schema.PROCESSLIST }
    . q{WHERE COMMAND = 'Query' AND ID <> CONNECTION_ID() AND INFO IS NOT NULL LIMIT 20; SELECT SLEEP(0.25); };
  $lister = open($database, '-|') // return missing('database', "$!");
  return if $lister;
  open(STDIN, '<', '/dev/null') && open(STDERR, '>', '/dev/null') or exit 1;
  exec 'timeout', int($left) + 1, $client, qw(--batch --raw --unbuffered --skip-column-names --connect-timeout=2 -e), $list x int($left / 0.25);
  exit 1;
}

sub drain_database { # what has come so far
  return unless $database;
  my $ready = '';
  vec($ready, fileno $database, 1) = 1;
  our $unread //= '';
  for (1 .. 20) {
    my $now = $ready;
    last unless select($now, undef, undef, 0) && sysread($database, my $text, 65536);
    $unread .= $text;
  }
  while ($unread =~ s/^([^\n]*)\n//) {
    my $line = $1;
    $queries{wording(substr $line, 2)}++ if $line =~ /^q / && keys %queries < 200;
  }
  return;
}

sub wording { # a query without its values
  my $text = shift;
  $text =~ s{/\*.*?(\*/|$)}{}g;
  $text =~ s/'(?:[^'\\]|\\.|'')*(?:'|\\?$)/?/g;
  $text =~ s/"(?:[^"\\]|\\.|"")*(?:"|\\?$)/?/g;
  $text =~ s/\b(?:0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[-+]?\d+)?)\b/?/gi;
  $text =~ s/\(\s*\?(?:\s*,\s*\?)+\s*\)/(?, ...)/g;
  $text =~ s/\s+/ /g;
  return plain($text, 160);
}

sub told_by_database {
  drain_database();
  kill 'TERM', $lister if $lister;
  my @most = sort { $queries{$b} <=> $queries{$a} || $a cmp $b } keys %queries;
  printf "query %d|%s\n", $queries{$_}, $_ for @most[0 .. ($#most < 9 ? $#most : 9)];
  return;
}
