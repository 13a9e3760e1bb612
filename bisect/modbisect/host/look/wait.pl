# What a process that does not run waits for: the system call it is in, and what that is about.

my %CALL = reverse $ARM
  ? (read => 63, write => 64, readv => 65, writev => 66, pread64 => 67, sendfile => 71, ppoll => 73, pselect6 => 72,
     recvfrom => 207, recvmsg => 212, sendto => 206, sendmsg => 211, connect => 203, accept4 => 242, accept => 202,
     flock => 32, fcntl => 25, futex => 98, nanosleep => 101, clock_nanosleep => 115, wait4 => 260, waitid => 95,
     epoll_pwait => 22, openat => 56, getdents64 => 61, newfstatat => 79, statx => 291, fsync => 82, fdatasync => 83,
     semtimedop => 192, semop => 193, unlinkat => 35, renameat2 => 276, mmap => 222, munmap => 215, madvise => 233,
     execve => 221, clone => 220, rt_sigtimedwait => 137, faccessat => 48, readlinkat => 78)
  : (read => 0, write => 1, open => 2, stat => 4, lstat => 6, poll => 7, mmap => 9, munmap => 11, pread64 => 17, readv => 19,
     writev => 20, access => 21, select => 23, madvise => 28, nanosleep => 35, sendfile => 40, connect => 42, accept => 43,
     sendto => 44, recvfrom => 45, sendmsg => 46, recvmsg => 47, clone => 56, execve => 59, wait4 => 61, semop => 65, fcntl => 72,
     flock => 73, fsync => 74, fdatasync => 75, rename => 82, mkdir => 83, unlink => 87, readlink => 89, futex => 202,
     getdents64 => 217, semtimedop => 220, clock_nanosleep => 230, epoll_wait => 232, waitid => 247, openat => 257,
     newfstatat => 262, unlinkat => 263, pselect6 => 270, ppoll => 271, epoll_pwait => 281, accept4 => 288, statx => 332);
my %ON_ONE = map { $_ => 1 } qw(read write readv writev pread64 sendfile recvfrom recvmsg sendto sendmsg connect flock fcntl
  fsync fdatasync getdents64);
my %IDLE = map { $_ => 1 } qw(accept accept4 epoll_wait epoll_pwait futex semop semtimedop rt_sigtimedwait);

my %holder;   # inode of a pipe => the program at its other end

sub behind { # PID, descriptor: what it is, and of a connection within this host the inode of its other end
  my ($pid, $fd) = @_;
  my $what = readlink("/proc/$pid/fd/$fd") // return '';
  if (my ($inode) = $what =~ /^socket:\[(\d+)\]$/) {
    my ($name, $far) = unix_end($inode);
    if (defined $name) {
      $name = (unix_end($far))[0] // '' if !length $name && $far;
      return $name if $name eq $LISTENS;
      return defined $far && !$far ? 'unix, not accepted' : ("unix $name", $far);
    }
    ($name, my $ends) = @{peer($inode)};
    return $name unless defined $ends && exists $ends{$ends};
    unless ($ends{$ends}) { read_tcp(); understand_tcp() }   # it may have been since
    return $ends{$ends} ? ($name, $ends{$ends}) : "$name, not accepted";
  }
  if (my ($inode) = $what =~ /^pipe:\[(\d+)\]$/) { return 'pipe ' . ($holder{$inode} //= other_end($pid, $inode)) }
  $what =~ s{/sess_[^/]+$}{/sess_*};   # whose session it is opens it
  return 'file ' . $what if $what =~ m{^/};
  return plain($what);
}

sub other_end { # PID, inode of a pipe: the program of whoever else holds it
  my ($pid, $inode) = @_;
  my ($seen, $server) = (0, exe($pid));
  for my $path (glob '/proc/[0-9]*/fd/[0-9]*') {
    last if ++$seen > 20000;
    next unless (readlink $path // '') eq "pipe:[$inode]";
    my ($other) = $path =~ m{^/proc/(\d+)/};
    next if $other == $pid;
    my $program = program($other);
    return $program if $program && exe($other) ne $server;
  }
  return '';
}

sub lock_holder { # PID, descriptor of a file that it wants to lock: the program of whoever has it locked
  my ($pid, $fd) = @_;
  my @stat = stat "/proc/$pid/fd/$fd" or return '';
  my $locks = slurp('/proc/locks', 1 << 18) // '';
  while ($locks =~ /^\d+: [A-Z]+ +\S+ +\S+ +(\d+) [0-9a-f]+:[0-9a-f]+:$stat[1] /mg) {
    return program($1) if $1 != $pid && -d "/proc/$1";
  }
  return '';
}

sub exe { return readlink("/proc/$_[0]/exe") // '' }

sub program { # what a process runs: the script where an interpreter runs one. Never an argument beyond that
  my $pid = shift;
  my @words = split /\0/, slurp("/proc/$pid/cmdline", 4096) // '';
  return '' unless @words;
  my $cwd = readlink("/proc/$pid/cwd") // '';
  for my $word (@words[0 .. ($#words < 3 ? $#words : 3)]) {
    next if $word =~ m{^-} || $word =~ m{/(?:env|sh|bash|dash|perl|python[0-9.]*|php[0-9.]*|ruby|node|awk|mawk|gawk|sed)$} || $word !~ m{/};
    return plain($word =~ m{^/} ? $word : "$cwd/$word");
  }
  return plain(exe($pid));
}

my %answering;   # name of a connection => the processes that take such

sub answering { # by name: those that have the socket on which it is listened, and what they have started
  my $name = shift;
  return @{$answering{$name} //= do {
    my ($port, $path) = $name =~ m{^tcp .*:(\d+)$|^unix (.+)};
    my %wanted = map { ("socket:[$_]" => 1) } who_listens($port // $path // '');
    my @pids = %wanted && keys %answering < 10 ? map { m{(\d+)$} } glob '/proc/[0-9]*' : ();
    [grep { my $pid = $_; grep { $wanted{readlink($_) // ''} } (glob "/proc/$pid/fd/[0-9]*") } @pids];
  }};
}

# PID (or PID/task/TID): state letter, name of the system call, what it waits for, stack pointer, program counter,
# descriptor, inode of its other end.
sub waits {
  my ($process, $task) = @_;
  my $stat = slurp("/proc/$task/stat", 512) // return;
  my ($state) = $stat =~ /.*\) (\S)/s or return;
  return ($state) if $state eq 'R';
  my $call = slurp("/proc/$task/syscall", 300);
  return missing('waits', "$!") unless defined $call;
  my ($number, @words) = split ' ', $call;
  return ($state) unless defined $number && $number =~ /^\d+$/ && @words >= 8;
  my @arguments = map { hex } @words;
  my $name = $CALL{$number} // "call $number";
  my ($what, $fd, $far) = ('', -1);
  if ($ON_ONE{$name}) {
    $fd = $arguments[0];
    ($what, $far) = behind($process, $fd);
    my $holder = $name =~ /^(?:flock|fcntl)$/ ? lock_holder($process, $fd) =~ s{.*/}{}r : '';
    $what .= " (held by $holder)" if length $holder;
  }
  elsif ($name =~ /poll$/ && $arguments[1] && $arguments[1] < 64) {
    my $list = mem($process, $arguments[0], 8 * $arguments[1]);
    if (defined $list) {
      my @fds = map { unpack 'l', $_ } $list =~ /(.{8})/gs;
      ($fd) = grep { $_ >= 0 } @fds;
      my @ends = map { [behind($process, $_)] } grep { $_ >= 0 } @fds[0 .. ($#fds < 3 ? $#fds : 3)];
      $what = join ', ', grep { length } map { $_->[0] } @ends;
      ($far) = grep { defined } map { $_->[1] } @ends;
    }
  }
  elsif (($name eq 'select' || $name eq 'pselect6') && !$arguments[0]) { $name = 'sleep' }
  elsif ($name =~ /nanosleep$/) { $name = 'sleep' }
  elsif ($name =~ /^wait/) { $what = 'child ' . join ', ', map { program($_) } (children($process))[0 .. 0] }
  return ($state, $name, plain_words($what), hex $words[-2], hex $words[-1], $fd // -1, $far);
}

sub plain_words { my $text = shift; $text =~ s/[^ -~]|\|/?/g; return substr $text, 0, 200 }

sub children {
  my $pid = shift;
  return grep { /^\d+$/ } split ' ', slurp("/proc/$pid/task/$pid/children", 65536) // '';
}
