# Processes that answer for a main server, by their names; what is idle among them is not looked at.
our $BACKENDS = qr/^php-fpm|^\(?wsgi|^gunicorn|^uwsgi/;

# What PHP is at: its frames from the live process, 7.4 to 8.4, mod_php or FPM, without thread safety. Every offset is
# held against what must stand there, so that another layout yields nothing rather than lies. (Zend/zend_globals.h,
# zend_compile.h, zend_types.h of these versions.)

my %engine;   # pid => {eg, cg}, empty where there is no PHP

sub engine {
  my $pid = shift;
  return $engine{$pid} if $engine{$pid};
  my %found;
  for my $object (@{objects($pid)}) {
    my (undef, undef, $path, $bias, $elf) = @$object;
    next unless $path =~ m{/(?:libphp|php-fpm|mod_php|php)[^/]*$};
    my $eg = symbol($elf, 'executor_globals') or next;
    my $cg = symbol($elf, 'compiler_globals');
    %found = (eg => $bias + $eg, cg => $cg ? $bias + $cg : 0, path => $path);
    last;
  }
  missing('php', 'its symbols are not there (thread-safe PHP, or none)') unless %found;
  return $engine{$pid} = \%found;
}

sub zend_string { # PID, address: printable text; undef where there is none
  my ($pid, $at) = @_;
  my $head = mem($pid, $at, 24) // return undef;
  my ($length) = unpack 'x16 Q', $head;
  return undef if !$length || $length > 4096;
  my $text = mem($pid, $at + 24, $length + 1) // return undef;
  return undef unless substr($text, -1) eq "\0";
  chop $text;
  return $text =~ /^[\x20-\x7e\x80-\xff\0]+$/ ? $text : undef;
}

my (%file_offset, %module_offset);

sub php_stack { # PID: frames, innermost first, as "function file:line", of a function of PHP's own "function [extension]"
  my $pid = shift;
  my $engine = engine($pid);
  return [] unless $engine->{eg};
  my @frames;
  if ($engine->{cg} && (my $bytes = mem($pid, $engine->{cg} + 32, 50))) {
    my $name = unpack 'Q', $bytes;
    if (ord(substr $bytes, 49, 1) == 1 && defined(my $file = zend_string($pid, $name))) {
      push @frames, 'compiling ' . plain($file) . ':0' if $file =~ m{^/};
    }
  }
  my $at = u64($pid, $engine->{eg} + 488);
  for (my $depth = 0; $at && $depth < 64 && @frames < 12; $depth++) {
    my $data = mem($pid, $at, 56) // last;
    my ($opline, $function, $previous) = (unpack('Q', $data), unpack('x24 Q', $data), unpack('x48 Q', $data));
    push @frames, frame($pid, $function, $opline) // () if $function;
    last if $previous == $at;
    $at = $previous;
  }
  return \@frames;
}

sub frame {
  my ($pid, $function, $opline) = @_;
  my $bytes = mem($pid, $function, 184) // return undef;
  my $type = ord $bytes;
  return undef unless $type == 1 || $type == 2;
  my ($name, $scope) = unpack 'x8 QQ', $bytes;
  my $what = $name ? zend_string($pid, $name) : 'main';
  return undef unless defined $what;
  if ($scope && (my $class = u64($pid, $scope + 8))) { my $text = zend_string($pid, $class); $what = "$text\::$what" if defined $text }
  $what = plain($what, 120);
  if ($type == 1) {
    for my $i (defined $module_offset{$pid} ? $module_offset{$pid} : map { 56 + 8 * $_ } 0 .. 6) {
      my $module = unpack "x$i Q", $bytes;
      my $entry = mem($pid, $module, 40) // next;
      my ($size, $api) = unpack 'S x2 L', $entry;
      next unless $size == 168 && $api > 20180000 && $api < 20400000;
      my $text = mem($pid, unpack('x32 Q', $entry), 40) // next;
      $module_offset{$pid} = $i;
      return $what . ' [' . plain($1) . ']' if $text =~ /^([A-Za-z0-9_ ]{2,36})\0/;
    }
    return "$what []";
  }
  for my $i (defined $file_offset{$pid} ? $file_offset{$pid} : map { 136 + 8 * $_ } 0 .. 4) {
    my $file = zend_string($pid, unpack "x$i Q", $bytes) // next;
    next unless $file =~ m{^(?:/|phar://)};
    $file_offset{$pid} = $i;
    my ($first, $last) = unpack "x$i x8 LL", $bytes;
    my $line = mem($pid, $opline + 24, 4);
    $line = defined $line ? unpack 'L', $line : 0;
    # PHP keeps its place in a register: what stands here may be an earlier call's, until this one calls or fails.
    $line = $first if $line < $first || $line > $last;
    return "$what " . plain($file) . ':' . ($line < 1 << 24 ? $line : 0);
  }
  return undef;
}
