# --- what the servers write meanwhile ---------------------------------------------------------------
# Of their logs of errors the module, its code and a program's file and line: a line's other words may be a visitor's.

my %logs;   # path => handle, at the end that it had when the look began
my $NGINX = join '|', 'upstream timed out', 'upstream prematurely closed connection', 'no live upstreams',
  'an upstream response is buffered to a temporary file', 'a client request body is buffered to a temporary file',
  'limiting (?:requests|connections)', 'worker_connections are not enough', '(?:connect|recv)\(\) failed';

sub begin_logs { # control groups, or first processes: the files that they have open to add to
  for my $group (@_) {
    my @pids = sort { $a <=> $b } $group =~ m{^/} ? grep { /^\d+$/ } split ' ', slurp("$group/cgroup.procs", 1 << 16) // '' : $group;
    for my $pid (@pids > 2 ? @pids[0, 1] : @pids) {
      opendir(my $folder, "/proc/$pid/fd") or next;
      for my $fd (grep { /^\d+$/ } readdir $folder) {
        my $path = readlink("/proc/$pid/fd/$fd") // next;
        next if $path !~ m#^/[!-\x7b\x7d~]+$# || $path =~ m{^/dev/|access} || $logs{$path} || keys %logs >= 20;
        next unless oct((slurp("/proc/$pid/fdinfo/$fd", 512) // '') =~ /^flags:\s*(\d+)/m ? $1 : 0) & 02000;   # O_APPEND
        sysopen(my $file, "/proc/$pid/fd/$fd", 0x800) or next;   # O_RDONLY|O_NONBLOCK
        next unless -f $file;
        sysseek($file, 0, 2);
        $logs{$path} = $file;
      }
    }
  }
  return;
}

sub wording_of { # a line of a log: what is told of it; nothing of a line that is not understood
  my $line = shift;
  my $at = $line =~ m{ in (/[!-~]+) on line (\d+)} ? plain("$1:$2") : '';
  my $setting = $line =~ /reached (?:the )?([A-Za-z][\w.]{2,40}) setting/ ? " reached $1" : '';
  my ($what) = $line =~ /^\[[^\]]+\] \[(\w+:\w+)\] /;
  ($what) = $line =~ /^\[[^\]]+\] ([A-Z]+: \[pool [\w.-]+\])/ unless $what;
  $what //= "nginx $1 $2" if $line =~ m{^\d{4}/\d\d/\d\d [\d:]+ \[(\w+)\] .*?\b($NGINX)};
  my ($code) = $line =~ /\b(AH\d{5})\b/;
  my ($php) = $line =~ /\bPHP ((?:[A-Za-z]+ ?){1,3}):  /;
  $what = join ' ', grep { length } $what // '', $code // '', defined $php ? "PHP $php" : '';
  return $what eq '' ? () : "$what$setting|$at";
}

sub told_by_logs {
  my %wrote;
  for my $path (keys %logs) {
    next unless sysread $logs{$path}, my $text, 1 << 18;
    $wrote{"$path|$_"}++ for map { wording_of($_) } split /\n/, $text;
    delete $wrote{(sort { $wrote{$a} <=> $wrote{$b} } keys %wrote)[0]} while keys %wrote > 200;
  }
  my @most = sort { $wrote{$b} <=> $wrote{$a} || $a cmp $b } keys %wrote;
  printf "wrote %d|%s\n", $wrote{$_}, $_ for @most[0 .. ($#most < 9 ? $#most : 9)];
  return;
}
