# Where running processes are: the kernel's own samples, 49 a second of processor time, with registers and the top of the
# stack (perf_event_open(2)); no hardware counter, no program but this. Those of some control groups alone.

my $PAGE = page();
my $PAGES = (1 << 20) / $PAGE;   # of each ring
my $STACK = 16384;
# Registers, in the order in which the kernel hands them out: number in DWARF, bit in its mask.
my @REGISTERS = $ARM
  ? ((map { [$_, $_] } 19 .. 31), ['pc', 32])
  : ([3, 1], [6, 6], [7, 7], ['pc', 8], [12, 20], [13, 21], [14, 22], [15, 23]);

my @rings;

sub watch { # paths of control groups
  my $cpus = slurp('/sys/devices/system/cpu/online', 200) // '0';
  my @cpus = map { /(\d+)-(\d+)/ ? ($1 .. $2) : /(\d+)/ ? $1 : () } split /,/, $cpus;
  my $mask = 0;
  $mask |= 1 << $_->[1] for @REGISTERS;
  for my $group (@_) {
    sysopen(my $folder, $group, $O_DIRECTORY) or next;
    for my $cpu (@cpus) {
      last if @rings >= 64;
      # struct perf_event_attr: a software clock by frequency; of each sample process, time, registers and stack
      my $attr = pack 'LLQQQQQLLQQQQLlQLSS', 1, 112, 0, 49, 2 | 4 | 1 << 12 | 1 << 13, 0, 1 << 10 | 1 << 6, 0, 0, 0, 0, 0, $mask, $STACK,
        0, 0, 0, 0, 0;
      my $fd = syscall $SYS{perf_event_open}, $attr, fileno $folder, $cpu, -1, 4 | 8;
      if ($fd < 0) { missing('running', "perf_event_open: $!"); return }
      my $at = syscall $SYS{mmap}, 0, ($PAGES + 1) * $PAGE, 1, 1, $fd, 0;
      if ($at < 0) { missing('running', "mmap: $!"); return }
      push @rings, {at => $at, tail => 0};
    }
  }
  return;
}

sub peek { return unpack 'P' . $_[1], pack 'Q', $_[0] }

my %latest;   # thread => [time, objects]

sub drain { # into %latest; a ring that has lapped us begins anew
  my ($wanted, $now) = @_;
  my $size = $PAGES * $PAGE;
  for my $ring (@rings) {
    my $head = unpack 'Q', peek($ring->{at} + 1024, 8);
    $ring->{tail} = $head if $head - $ring->{tail} > $size;
    my ($bytes, $from) = ('', $ring->{tail} % $size);
    my $length = $head - $ring->{tail};
    next unless $length;
    my $first = $length < $size - $from ? $length : $size - $from;
    $bytes = peek($ring->{at} + $PAGE + $from, $first);
    $bytes .= peek($ring->{at} + $PAGE, $length - $first) if $first < $length;
    $ring->{tail} = $head;
    my $i = 0;
    while ($i + 8 <= length $bytes) {
      my ($type, undef, $step) = unpack "x$i LSS", $bytes;
      last if $step < 8;
      sampled(substr($bytes, $i + 8, $step - 8), $wanted, $now) if $type == 9 && $i + $step <= length $bytes;
      $i += $step;
    }
  }
  return;
}

sub sampled {
  my ($bytes, $wanted, $now) = @_;
  my ($pid, $thread, undef, $abi) = unpack 'LLQQ', $bytes;
  return unless $wanted->{$pid} && $abi == 2;
  my @values = unpack 'x24 Q' . @REGISTERS, $bytes;
  my %registers = map { $REGISTERS[$_][0] => $values[$_] } 0 .. $#REGISTERS;
  my $i = 24 + 8 * @REGISTERS;
  my $size = unpack "x$i Q", $bytes;
  my $stack = substr $bytes, $i + 8, $size;
  my $dynamic = length($bytes) >= $i + 16 + $size ? unpack 'x' . ($i + 8 + $size) . ' Q', $bytes : $size;
  $stack = substr $stack, 0, $dynamic if $dynamic < length $stack;
  $latest{$thread} = [$now, unwind($pid, \%registers, $stack)];
  return;
}
