# Looks at what the slow request is doing, for so many seconds: read only, without a signal, a file or a stop. perl-base
# alone; every part may be missing, and says so. Names and paths leave the host, never arguments or values.
#
#   SECONDS LOW HIGH SUBJECT GROUP...   whose requests come from a port between LOW and HIGH; "requests" or "memory"; the
#                                      servers' control groups
#
# This is the first of several files that travel as one (modbisect.host.look).
use strict;
use warnings;
no warnings qw(portable);

$SIG{PIPE} = 'DEFAULT';
$SIG{__WARN__} = sub { };   # what a host that lies makes of us is nobody's news

my $ARM = (qx(uname -m) // '') =~ /aarch64/;
my %SYS = $ARM
  ? (clock_gettime => 113, perf_event_open => 241, mmap => 222)
  : (clock_gettime => 228, perf_event_open => 298, mmap => 9);
my $HIGHEST = 1 << ($ARM ? 48 : 47);   # no address of a process is as high
my $O_DIRECTORY = $ARM ? 0x4000 : 0x10000;
my %missing;   # part => why

sub missing { my ($part, $why) = @_; $missing{$part} //= $why; return }

sub clock { # seconds since boot; the processor time of this process with 2
  my $id = shift // 1;
  my $buffer = "\0" x 16;
  syscall($SYS{clock_gettime}, $id, $buffer);
  my ($s, $ns) = unpack 'qq', $buffer;
  return $s + $ns / 1e9;
}

sub slurp { # at most so many bytes of a file; undef where it cannot be read
  my ($path, $most) = @_;
  sysopen(my $file, $path, 0x800) or return undef;   # O_RDONLY|O_NONBLOCK
  my $text = '';
  while (length($text) < $most) {
    my $n = sysread($file, $text, $most - length($text), length $text);
    last unless $n;
  }
  return $text;
}

sub page { # bytes of one page of memory, as the kernel has told this process (AT_PAGESZ)
  my %told = unpack 'Q*', slurp('/proc/self/auxv', 1024) // '';
  return $told{6} || 4096;
}

sub plain { my ($text, $most) = @_; $text =~ s/[^!-~ ]|\|/?/g; return substr $text, 0, $most // 200 }

# --- memory of a process ---------------------------------------------------------------------------

my %memory;   # pid => handle, for as long as it is the same process

sub mem { # PID, address, length: its bytes; undef where it has none there
  my ($pid, $at, $length) = @_;
  return undef if $at < 4096 || $at >= $HIGHEST || $length <= 0;
  my $file = $memory{$pid};
  unless ($file) {
    sysopen($file, "/proc/$pid/mem", 0) or return missing('memory', "$!");
    $memory{$pid} = $file;
  }
  sysseek($file, $at, 0) or return undef;
  my $n = sysread($file, my $bytes, $length);
  return defined $n && $n == $length ? $bytes : undef;
}

sub u64 { my $bytes = mem($_[0], $_[1], 8); return defined $bytes ? unpack('Q', $bytes) : 0 }

sub forget { my $pid = shift; delete $memory{$pid}; return }
