# What Python is at: its frames from the live process, 3.11 to 3.13, as a module of the server, its daemon, or a server of its
# own. What a version keeps where is fixed with its first release; each string read is held against what one looks like.
# (pycore_runtime.h, pycore_frame.h, cpython/code.h of these versions; locations: Objects/locations.md.)
my %PYTHON = (   # version => offsets; "by" where a thread has its frame by way of the C stack
  0x030b => {first => 40, next => 0, threads => 16, number => 160, frame => 56, by => 8, code => 32, here => 56, caller => 48,
    owner => 69, line => 72, begin => 184, letters => 48},
  0x030c => {first => 40, next => 0, threads => 72, number => 144, frame => 56, by => 0, code => 0, here => 56, caller => 8,
    owner => 70, line => 68, begin => 192, letters => 40},
  0x030d => {first => 632, next => 7264, threads => 7344, number => 160, frame => 72, code => 0, here => 56, caller => 8,
    owner => 70, line => 68, begin => 200, letters => 40},
);

my (%python, %thread_state, %code);

sub python { # PID: its runtime, path and offsets; empty where there is none
  my $pid = shift;
  return $python{$pid} if $python{$pid};
  my %found;
  for my $object (@{objects($pid)}) {
    my (undef, undef, $path, $bias, $elf) = @$object;
    next unless $path =~ m{/(?:libpython3|python3)[^/]*$};
    my $runtime = symbol($elf, '_PyRuntime') or next;
    my $version = symbol($elf, 'Py_Version') or next;
    my $offsets = $PYTHON{u64($pid, $bias + $version) >> 16};
    missing('python', 'of another version than 3.11 to 3.13') unless $offsets;
    %found = (%$offsets, runtime => $bias + $runtime, path => $path) if $offsets;
    last;
  }
  return $python{$pid} = \%found;
}

sub python_stack { # PID, thread: frames, innermost first, as "function file:line"
  my ($pid, $thread) = @_;
  my $python = python($pid);
  return [] unless $python->{runtime};
  my $at = u64($pid, (thread_state($pid, $thread) or return []) + $python->{frame});
  $at = u64($pid, $at + $python->{by}) if exists $python->{by};
  my @frames;
  for (my $depth = 0; $at && $depth < 100 && @frames < 12; $depth++) {
    my $data = mem($pid, $at, 72) // last;
    my ($code, $here, $previous) = map { unpack "x$_ Q", $data } @$python{qw(code here caller)};
    push @frames, python_frame($pid, $code, $here) // () if ord(substr $data, $python->{owner}, 1) < 3;
    last if $previous == $at;
    $at = $previous;
  }
  return \@frames;
}

sub thread_state { # PID, thread: where Python keeps what belongs to it; 0 where it has none
  my ($pid, $thread) = @_;
  my $python = $python{$pid};
  my $known = $thread_state{$thread};
  return $known if $known && u64($pid, $known + $python->{number}) == $thread;
  my $interpreter = u64($pid, $python->{runtime} + $python->{first});
  for (my $i = 0; $interpreter && $i < 20; $i++) {
    my $state = u64($pid, $interpreter + $python->{threads});
    for (my $j = 0; $state && $j < 300; $j++) {
      return $thread_state{$thread} = $state if u64($pid, $state + $python->{number}) == $thread;
      $state = u64($pid, $state + 8);
    }
    $interpreter = u64($pid, $interpreter + $python->{next});
  }
  return 0;
}

sub python_frame {
  my ($pid, $code, $here) = @_;
  my $python = $python{$pid};
  my $known = $code{"$pid:$code"};
  unless ($known) {
    %code = () if keys %code > 5000;
    my $bytes = mem($pid, $code, 144) // return undef;
    my ($file, $name, $table) = unpack 'x112 Q x8 Q Q', $bytes;
    my ($function, $path) = map { python_string($pid, $_) } $name, $file;
    my $size = u64($pid, $table + 16);
    my $lines = $size && $size < 1 << 16 ? mem($pid, $table + 32, $size) : undef;
    $known = $code{"$pid:$code"} = defined $function && defined $path && $path =~ m{^/} && defined $lines
      ? [plain($function, 120), plain($path), unpack("x$python->{line} l", $bytes), $lines] : [];
  }
  my ($function, $path, $first, $lines) = @$known;
  return undef unless defined $function && $function !~ / /;
  my $line = python_line($first, $lines, $here - $code - $python->{begin});
  return "$function $path:$line";
}

sub python_string {
  my ($pid, $at) = @_;
  my $length = u64($pid, $at + 16);
  return undef if !$length || $length > 1024;
  my $text = mem($pid, $at + $python{$pid}{letters}, $length + 1) // return undef;
  return $text =~ /^([ -~]+)\0$/ ? $1 : undef;
}

sub python_line { # first line of the code, table of locations, offset of the instruction
  my ($line, $table, $offset) = @_;
  my ($i, $at) = (0, 0);
  my $number = sub {
    my ($value, $shift) = (0, 0);
    while ($i < length $table) { my $byte = ord substr $table, $i++, 1; $value |= ($byte & 63) << $shift; $shift += 6; last unless $byte & 64 }
    return $value;
  };
  while ($i < length $table) {
    my $byte = ord substr $table, $i++, 1;
    my ($sort, $length) = ($byte >> 3 & 15, 2 * (($byte & 7) + 1));
    if ($sort == 13 || $sort == 14) { my $delta = $number->(); $line += $delta & 1 ? -($delta >> 1) : $delta >> 1 }
    elsif ($sort >= 10 && $sort <= 12) { $line += $sort - 10 }
    if ($sort == 14) { $number->() for 1 .. 3 } elsif ($sort < 10) { $i++ } elsif ($sort <= 12) { $i += 2 }
    $at += $length;
    return $line if $offset < $at;
  }
  return 0;
}
