# The look itself: every few milliseconds whoever serves our request, and what it is at; at the end what was seen, by how
# long it was seen.

my ($seconds, $low, $high, $subject, @groups) = @ARGV;

my (%worker, %ours, %guessed);   # inode => pid; pid => its descriptor of the connection; descriptors that were one

# Without control groups the groups are the servers' first processes.
sub members { return map { m{^/} ? grep { /^\d+$/ } split ' ', slurp("$_/cgroup.procs", 1 << 20) // '' : ($_, children($_)) } @groups }

my @connections;

sub connections { # inodes of our connections that are open at this end; 0 for one that nobody has accepted
  return @connections if @connections && tcp_is_fresh() && !grep { !$_ || !held($_) } @connections;
  read_tcp();
  return @connections = map { $_->[5] } grep { ($_->[0] == 1 || $_->[0] == 8) && $_->[4] >= $low && $_->[4] <= $high } @tcp;
}

sub held { # inode of a connection: whether whoever had it has it still
  my $pid = $worker{$_[0]} or return 0;
  return (readlink "/proc/$pid/fd/$ours{$pid}" // '') eq "socket:[$_[0]]";
}

sub holder_of { # inode of a connection, and who may have it besides the servers: the process that has it, 0 where it is none
  my ($inode, @more) = @_;
  return $worker{$inode} if held($inode);
  my @members = (members(), @more);
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

sub far_end { # inode at the other end, name of the connection: the process that has it, whichever program that is
  my ($inode, $name) = @_;
  my @pids = answering($name);
  return holder_of($inode, @pids) || holder_of($inode, map { children($_) } @pids);
}

my (%seen, %life, %at_work, %since);

sub alike { # whether a number is still the process that it was; else all that was known of it is forgotten
  my $pid = shift;
  my $stat = slurp("/proc/$pid/stat", 512) // return 0;
  my $start = (split ' ', $stat =~ s/.*\)//sr)[19] // return 0;
  if (($life{$pid} // '') ne $start) { forget($pid); delete @$_{$pid} for \%engine, \%python, \%objects, \%latest; $life{$pid} = $start }
  return 1;
}

# One process at one moment: state, wait, objects, frames and by what connection it was reached in one line, with its frames;
# and the process that it waits for, with the name of that connection. Nothing where it has nothing to do with a request.
# BY: that name, and the frames of who asked.
sub moment {
  my ($pid, $task, $fd, $now, $by) = @_;
  my ($thread) = $task =~ /(\d+)$/;
  my ($state, $call, $what, $sp, $pc, $on, $far) = waits($pid, $task) or return ();
  my $objects = [];
  if ($state eq 'R' || !defined $call) { my $last = $latest{$thread}; $objects = $last->[1] if $last && $now - $last->[0] < 0.15 }
  else {
    # It waits for whoever asks, for a word of its own kind, or for nobody.
    return () if $IDLE{$call} || (defined $fd && $on == $fd) || $what eq $LISTENS || ($call eq 'read' && $what eq 'pipe ');
    my $stack = stack_at($pid, $sp);
    $objects = unwind($pid, {$SP => $sp, pc => $pc}, $stack) if defined $stack;
  }
  # What runs the interpreter has called it, and is no cause.
  my %engines = map { ($_->{path} // '') => 1 } engine($pid), python($pid);
  my ($at) = grep { $engines{$objects->[$_]} } 0 .. $#$objects;
  $objects = [@$objects[0 .. $at - 1]] if defined $at;
  my @frames = (@{php_stack($pid)}, @{python_stack($pid, $thread)});
  my $open = $what || @frames || !defined $fd ? undef : opened($pid, $fd);
  my ($behind, $name) = (defined $far ? far_end($far, $what) : 0, $what);
  $what .= ' (' . (program($behind) =~ s{.*/}{}r) . ')' if $behind;
  my $wait = defined $call ? $call . ($what ? " $what" : '') : '';
  $wait = join ' ', $wait || 'with', "file $open" if $open;
  my @callers = @$by[1 .. $#$by];
  push @frames, @callers[0 .. ($#callers < 5 ? $#callers : 5)];
  return ([join('|', $state, $wait, join(' < ', map { plain($_) } @$objects), join(' < ', @frames), $by->[0] // ''), \@frames], $behind, $name);
}

sub opened { # PID, descriptor of our connection: the file that was opened last behind it; undef where there is none
  my ($pid, $fd) = @_;
  opendir(my $folder, "/proc/$pid/fd") or return undef;
  for my $number (sort { $b <=> $a } grep { /^\d+$/ && $_ > $fd } readdir $folder) {
    my $what = readlink("/proc/$pid/fd/$number") // next;
    return plain($what) if $what =~ m{^/(?!dev/|memfd:)} && $what !~ / \(deleted\)$/;
  }
  return undef;
}

sub stack_at { # PID, stack pointer: what lies above it, up to the end of the stack, which may be near
  my ($pid, $sp) = @_;
  return undef unless defined mem($pid, $sp, 8);
  sysseek($memory{$pid}, $sp, 0) or return undef;
  my $read = sysread $memory{$pid}, my $bytes, 131072;
  return $read ? $bytes : undef;
}

# Of all that works for a request that is there since a time: a worker, or its threads; where it waits for another process
# that serves it, that one.
sub moments {
  my ($pid, $now, $since, $by, $depth) = @_;
  return () unless alike($pid);
  opendir(my $folder, "/proc/$pid/task") or return ();
  my @tasks = grep { /^\d+$/ } readdir $folder;
  @tasks = @tasks > 200 ? @tasks[0 .. 199] : @tasks;
  my (@found, %behind);
  my @ran = @tasks > 1 ? grep { ran("$pid/task/$_", $now, $since) } @tasks : @tasks;
  for my $those (\@ran, \@tasks) {   # a wait may be longer than the look
    for my $task (@$those) {
      my ($moment, $far, $name) = moment($pid, @tasks > 1 ? "$pid/task/$task" : $pid, $ours{$pid}, $now, $by) or next;
      push @found, $moment;
      $behind{$far} = [$name, @{$moment->[1]}] if $far && $far != $pid && serves($far);
    }
    last if @found || @ran == @tasks;
  }
  if (!@found && defined $ours{$pid}) {
    my ($queued, $others, $served) = handed_on($pid);
    %behind = %$served;
    push @found, $queued if $queued && !%behind;
    # It has started a program for the request, or handed it to one.
    push @found, (map { program_at($_, '') } children($pid)), map { program_at($_, $others->{$_}) } keys %$others if !@found && !%behind;
    # It has the request, and waits for no other: for the time that it has set itself.
    push @found, ['H||||', []] if !@found && !%behind && @tasks == 1 && ((waits($pid, $pid))[1] // '') =~ /^epoll_/;
  }
  if (my @told = @tasks > 1 ? grep { @{$_->[1]} } @found : ()) { @found = @told }   # a program's own thread, and not the server's
  return @found if $depth > 2;
  # Without the kernel's word on who is at the other end: whoever is at work for a main server.
  %behind = map { $_ => [''] } backends() if !%behind && grep { $_->[0] =~ m{^S\|\w+ unix +\|} } @found;
  $at_work{$_} = 1 for keys %behind;
  my @there = map { moments($_, $now, $since, $behind{$_}, $depth + 1) } keys %behind;
  return @there ? @there : @found;
}

# A program that is no server of ours, and of what it has started the last: its state and what it waits for, and the names
# of the programs in place of objects. NAME: by what connection it was reached.
sub program_at {
  my ($pid, $name, @callers) = @_;
  my @started = @callers < 4 ? children($pid) : ();
  return map { program_at($_, $name, program($pid), @callers) } @started[0 .. ($#started < 2 ? $#started : 2)] if @started;
  my ($state, $call, $what) = waits($pid, $pid) or return ();
  my $wait = defined $call && !$IDLE{$call} ? $call . ($what ? " $what" : '') : '';
  return [join('|', $state, $wait, join(' < ', grep { length } program($pid), @callers), '', $name), []];
}

# Of a server that waits for all its connections at once: a request that nobody has accepted, if there is one; and of the
# processes at the other ends of its connections the names of these: of other programs, and of those that may be told of,
# these with no caller.
sub handed_on {
  my $pid = shift;
  my ($queued, %to, %others);
  opendir(my $folder, "/proc/$pid/fd") or return (undef, {}, {});
  for my $fd (grep { /^\d+$/ && $_ != $ours{$pid} } readdir $folder) {
    my ($name, $far) = behind($pid, $fd);
    if ($name =~ /not accepted$/) { $queued = ["S|connect $name|||", []]; next }
    my $other = $far ? far_end($far, $name) : 0;
    next if !$other || $other == $pid || exe($other) eq exe($pid);
    if (serves($other)) { $to{$other} = [$name] } else { $others{$other} = $name }
  }
  return ($queued, \%others, \%to);
}

my ($queue, $queue_at);

# Why nobody has accepted a request: K where most of the servers' processes wait for the next word of a client, else Q.
sub queue {
  return $queue if defined $queue_at && clock() < $queue_at + 0.5;
  my %ours = map { $_->[2] => 1 } grep { $_->[4] >= $low && $_->[4] <= $high } @tcp;
  my @members = members();
  @members = @members[0 .. 199] if @members > 200;
  my $clients = 0;
  for my $pid (@members) {
    my (undef, $call, $what, undef, undef, $fd) = waits($pid, $pid);
    $clients++ if ($call // '') =~ /^(?:poll|ppoll|read|recvfrom)$/ && $what =~ /^tcp / && $ours{port_of($pid, $fd)};
  }
  $queue_at = clock();
  return $queue = 2 * $clients > @members ? 'K' : 'Q';
}

my %slices;   # thread => how often it has been given the processor, and when that was last seen to change

sub ran { # whether a thread has run at all since a time: one that has not is not at work for a request that came behind it
  my ($task, $now, $since) = @_;
  my $count = (split ' ', slurp("/proc/$task/schedstat", 200) // return 1)[2] // return 1;
  return 1 if (slurp("/proc/$task/stat", 512) // '') =~ /.*\) R/s;
  my $known = $slices{$task} //= [$count, $now];
  @$known = ($count, $now) if $known->[0] != $count;
  return $known->[1] >= $since;
}

# Whether what a process is at may be told: it belongs to the servers, or runs an interpreter that is understood.
sub serves { my $pid = shift; return (grep { $_ == $pid } members()) || engine($pid)->{eg} || python($pid)->{runtime} }

sub backends { our $BACKENDS; return grep { (slurp("/proc/$_/comm", 32) // '') =~ $BACKENDS } members() }

sub look {
  return memory() if $subject eq 'memory';
  watch(grep { m{^/} } @groups);
  begin_logs(@groups);
  my $began = clock();
  my ($last, $busy, $samples) = ($began, 0, 0);
  while ((my $now = clock()) < $began + $seconds) {
    select undef, undef, undef, 0.005;
    $now = clock();
    my ($step, $before) = ($now - $last, $last);
    $last = $now;
    # Of one core a tenth at most, with what it takes to begin and, behind all samples, to search the configuration.
    if (clock(2) > 0.055 * ($now - $began) + 0.1) { select undef, undef, undef, 0.02; next }
    my @inodes = connections();
    next unless @inodes;
    my @holders = map { $_ ? holder_of($_) : 0 } @inodes;
    $since{$_} //= $before for @inodes;
    my %pids;
    for (grep { $holders[$_] } 0 .. $#inodes) { $pids{$holders[$_]} //= $since{$inodes[$_]} }
    drain({%pids, %at_work}, $now);
    # Each request weighs the same, whoever is at it.
    my @now = ((map { [moments($_, $now, $pids{$_}, [], 0)] } keys %pids), map { [[queue() . '|not accepted|||']] } grep { !$_ } @inodes);
    @now = grep { @$_ } @now or next;
    $busy += $step;
    $samples++;
    ask_database($began + $seconds - $now) if !$listed && waits_for_database(map { $_->[0] } map { @$_ } @now);
    drain_database();
    for my $request (@now) {
      for my $moment (map { $_->[0] } @$request) {
        $moment = 'other||||' if !exists $seen{$moment} && keys %seen >= 2000;
        $seen{$moment} += $step / @now / @$request;
      }
    }
  }
  my @most = sort { $seen{$b} <=> $seen{$a} || $a cmp $b } keys %seen;
  delete $missing{php} if grep { $_->{eg} } values %engine;
  printf "look 1\nseconds %.2f\nbusy %.2f\nsamples %d\n", clock() - $began, $busy, $samples;
  printf "seen %.3f|%s\n", $seen{$_}, $_ for @most[0 .. ($#most < 199 ? $#most : 199)];
  told_by_database();
  told_by_logs();
  named(@most[0 .. ($#most < 199 ? $#most : 199)]);
  print "missing $_ ", plain_words($missing{$_}), "\n" for sort keys %missing;
  printf "cpu %.2f\nend\n", clock(2);
  return;
}
