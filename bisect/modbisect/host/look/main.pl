# The look itself: every few milliseconds whoever serves our request, and what it is at; at the end what was seen, by how
# long it was seen.

my ($seconds, $low, $high, @groups) = @ARGV;

my (%worker, %ours, %guessed);   # inode => pid; pid => descriptor of our connection; descriptors that were ours

# Without control groups the groups are the servers' first processes.
sub members { return map { m{^/} ? grep { /^\d+$/ } split ' ', slurp("$_/cgroup.procs", 1 << 20) // '' : ($_, children($_)) } @groups }

sub connections { # inodes of our connections that are open at this end; 0 for one that nobody has accepted
  my @found;
  for my $kind (qw(tcp tcp6)) {
    my $text = slurp("/proc/net/$kind", 1 << 22) // next;
    while ($text =~ /^ *\d+: [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:([0-9A-F]{4}) 0[18] \S+ \S+ \S+ +\d+ +\d+ +(\d+)/mg) {
      my ($port, $inode) = (hex $1, $2);
      push @found, $inode if $port >= $low && $port <= $high;
    }
  }
  return @found;
}

sub holder_of { # inode of a connection: the server's process that has it
  my $inode = shift;
  my $pid = $worker{$inode};
  return $pid if $pid && (readlink "/proc/$pid/fd/$ours{$pid}" // '') eq "socket:[$inode]";
  my @members = members();
  for my $fd (sort { $guessed{$b} <=> $guessed{$a} } keys %guessed) {
    for my $pid (@members) { return has($inode, $pid, $fd) if (readlink "/proc/$pid/fd/$fd" // '') eq "socket:[$inode]" }
  }
  for my $pid (reverse @members) {
    opendir(my $folder, "/proc/$pid/fd") or next;
    for my $fd (readdir $folder) {
      return has($inode, $pid, $fd) if $fd =~ /^\d+$/ && (readlink "/proc/$pid/fd/$fd" // '') eq "socket:[$inode]";
    }
  }
  return 0;
}

sub has { my ($inode, $pid, $fd) = @_; $guessed{$fd}++; $ours{$pid} = $fd; return $worker{$inode} = $pid }

my (%seen, %life);

sub alike { # whether a number is still the process that it was; else all that was known of it is forgotten
  my $pid = shift;
  my $stat = slurp("/proc/$pid/stat", 512) // return 0;
  my $start = (split ' ', $stat =~ s/.*\)//sr)[19] // return 0;
  if (($life{$pid} // '') ne $start) { forget($pid); delete @$_{$pid} for \%engine, \%objects, \%latest; $life{$pid} = $start }
  return 1;
}

# One process at one moment: state, wait, objects and frames in one line; undef where it has nothing to do with a request.
sub moment {
  my ($pid, $task, $fd, $now) = @_;
  my ($state, $call, $what, $sp, $pc, $on) = waits($pid, $task) or return undef;
  my $objects = [];
  if ($state eq 'R' || !defined $call) { my $last = $latest{$pid}; $objects = $last->[1] if $last && $now - $last->[0] < 0.15 }
  else {
    return undef if $IDLE{$call} || (defined $fd && $on == $fd);   # it waits for us, or for nobody
    my $stack = stack_at($pid, $sp);
    $objects = unwind($pid, {$SP => $sp, pc => $pc}, $stack) if defined $stack;
  }
  # What runs the interpreter has called it, and is no cause.
  my $engine = engine($pid)->{path} // '';
  my ($at) = grep { $objects->[$_] eq $engine } 0 .. $#$objects;
  $objects = [@$objects[0 .. $at - 1]] if defined $at;
  my $wait = defined $call ? $call . ($what ? " $what" : '') : '';
  return join '|', $state, $wait, join(' < ', map { plain($_) } @$objects), join(' < ', @{php_stack($pid)});
}

sub stack_at { my ($pid, $sp) = @_; for (24576, 8192, 2048) { my $bytes = mem($pid, $sp, $_); return $bytes if defined $bytes } return undef }

sub moments { # of all that works for our request in a worker: it, or its threads; behind it FPM, or a child
  my ($pid, $now) = @_;
  return () unless alike($pid);
  opendir(my $folder, "/proc/$pid/task") or return ();
  my @tasks = grep { /^\d+$/ } readdir $folder;
  @tasks = @tasks > 200 ? @tasks[0 .. 199] : @tasks;
  my @found = grep { defined } map { moment($pid, @tasks > 1 ? "$pid/task/$_" : $pid, $ours{$pid}, $now) } @tasks;
  return @found if @found && !grep { /^S\|\S*poll (?:unix|tcp)/ || /^S\|(?:read|recvfrom|recvmsg|readv) (?:unix|tcp)/ } @found;
  my @behind = grep { defined } map { alike($_) ? moment($_, $_, undef, $now) : undef } backends();
  return @behind ? @behind : @found;
}

sub backends { our $BACKENDS; return grep { (slurp("/proc/$_/comm", 32) // '') =~ $BACKENDS } members() }

sub look {
  watch(grep { m{^/} } @groups);
  my $began = clock();
  my ($last, $busy, $samples) = ($began, 0, 0);
  while ((my $now = clock()) < $began + $seconds) {
    select undef, undef, undef, 0.005;
    $now = clock();
    my $step = $now - $last;
    $last = $now;
    # Of one core a tenth at most, with what it takes to begin and, behind all samples, to search the configuration.
    if (clock(2) > 0.06 * ($now - $began) + 0.12) { select undef, undef, undef, 0.02; next }
    my @inodes = connections();
    next unless @inodes;
    my @holders = map { $_ ? holder_of($_) : 0 } @inodes;
    my %pids = map { $_ => 1 } grep { $_ } @holders;
    drain({map { $_ => 1 } keys %pids, backends()}, $now);
    # Each request weighs the same, whoever is at it.
    my @now = ((map { [moments($_, $now)] } keys %pids), map { ['Q|not accepted||'] } grep { !$_ } @inodes);
    @now = grep { @$_ } @now or next;
    $busy += $step;
    $samples++;
    for my $request (@now) {
      for my $moment (@$request) {
        $moment = 'other|||' if !exists $seen{$moment} && keys %seen >= 2000;
        $seen{$moment} += $step / @now / @$request;
      }
    }
  }
  my @most = sort { $seen{$b} <=> $seen{$a} || $a cmp $b } keys %seen;
  printf "look 1\nseconds %.2f\nbusy %.2f\nsamples %d\ncpu %.2f\n", clock() - $began, $busy, $samples, clock(2);
  printf "seen %.3f|%s\n", $seen{$_}, $_ for @most[0 .. ($#most < 199 ? $#most : 199)];
  named(@most[0 .. ($#most < 199 ? $#most : 199)]);
  print "missing $_ ", plain_words($missing{$_}), "\n" for sort keys %missing;
  print "end\n";
  return;
}
