# Objects of a process: where they lie, their dynamic symbols, and how to unwind a stack by .eh_frame.

my (%elf, %objects);

# What is read of an object's file, once for each: loads (offset, address, size), dynamic symbols wanted, frame tables.
sub elf { # PID, range of addresses, path: the kernel's own link to the file, else the path as the process has it
  my ($pid, $range, $path) = @_;
  for my $link ("/proc/$pid/map_files/$range", "/proc/$pid/root$path") {
    my @stat = stat $link or next;
    my $key = "$stat[0]:$stat[1]";
    return $elf{$key} if exists $elf{$key};
    return undef if keys %elf > 400;
    return $elf{$key} = read_elf($link);
  }
  return undef;
}

sub read_elf {
  my $path = shift;
  sysopen(my $file, $path, 0x800) or return undef;
  return undef unless -f $file;
  my $head = at($file, 0, 64) // return undef;
  return undef unless substr($head, 0, 6) eq "\x7fELF\x02\x01";
  my ($phoff) = unpack 'x32 Q', $head;
  my ($size, $count) = unpack 'x54 SS', $head;
  return undef if $size != 56 || $count > 64;
  my %elf = (file => $file, loads => []);
  for my $i (0 .. $count - 1) {
    my $entry = at($file, $phoff + $i * 56, 56) // last;
    my ($type, undef, $offset, $address, undef, $filesz) = unpack 'LLQQQQ', $entry;
    push @{$elf{loads}}, [$offset, $address, $filesz] if $type == 1;
    $elf{frames} = $address if $type == 0x6474e550;
    @elf{qw(dynamic dynamic_size)} = ($offset, $filesz) if $type == 2;
  }
  return \%elf;
}

sub at { # handle, offset, length
  my ($file, $offset, $length) = @_;
  return undef if $length <= 0 || $length > 1 << 24;
  sysseek($file, $offset, 0) or return undef;
  my $n = sysread($file, my $bytes, $length);
  return defined $n && $n == $length ? $bytes : undef;
}

sub offset_of { # an address of the object in its file
  my ($elf, $address) = @_;
  for (@{$elf->{loads}}) { return $address - $_->[1] + $_->[0] if $address >= $_->[1] && $address < $_->[1] + $_->[2] }
  return undef;
}

sub symbol { # its address in the object; 0 where it has none
  my ($elf, $name) = @_;
  return $elf->{symbols}{$name} if exists $elf->{symbols}{$name};
  $elf->{symbols}{$name} = 0;
  my %tag;
  return 0 unless defined $elf->{dynamic};
  my $dynamic = at($elf->{file}, @$elf{qw(dynamic dynamic_size)}) // return 0;
  while ($dynamic =~ /(.{16})/gs) { my ($tag, $value) = unpack 'qQ', $1; last unless $tag; $tag{$tag} = $value }
  my ($symbols, $strings, $size) = (offset_of($elf, $tag{6} // 0), offset_of($elf, $tag{5} // 0), $tag{10} // 0);
  return 0 unless defined $symbols && defined $strings && $size && $size < 1 << 24;
  my $names = at($elf->{file}, $strings, $size) // return 0;
  my $wanted = index $names, "\0$name\0";
  return 0 if $wanted < 0;
  for (my $from = $symbols; $from < $strings; $from += 24 * 4096) {   # the table of names comes behind that of symbols
    my $length = $strings - $from < 24 * 4096 ? int(($strings - $from) / 24) * 24 : 24 * 4096;
    my $table = at($elf->{file}, $from, $length) // last;
    for (my $i = 0; $i < $length; $i += 24) {
      my ($at, undef, undef, undef, $value) = unpack "x$i LCCSQ", $table;
      return $elf->{symbols}{$name} = $value if $at == $wanted + 1 && $value;
    }
  }
  return 0;
}

sub objects { # PID: [start, end, path, bias] of what is executable, in order
  my ($pid, $anew) = @_;
  return $objects{$pid} if $objects{$pid} && !$anew;
  my $maps = slurp("/proc/$pid/maps", 1 << 20) // return $objects{$pid} = [];
  my (@found, %first);
  while ($maps =~ /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) \S+ \d+ +(\/[^\n]*)$/mg) {
    my ($start, $end, $rights, $offset, $path) = (hex $1, hex $2, $3, hex $4, $5);
    next unless $rights =~ /x/ && $path !~ / \(deleted\)$/;
    my $elf = elf($pid, sprintf('%x-%x', $start, $end), $path) // next;
    for (@{$elf->{loads}}) {
      my ($in_file, $address, $size) = @$_;
      next unless $offset >= ($in_file & ~0xfff) && $offset <= $in_file + $size;
      push @found, [$start, $end, $path, $start - ($offset - $in_file + $address), $elf];
      last;
    }
    last if @found > 1000;
  }
  return $objects{$pid} = \@found;
}

sub object_at { # PID, address: its entry of objects
  my ($pid, $address) = @_;
  my $objects = objects($pid);
  my ($low, $high) = (0, $#$objects);
  while ($low <= $high) {
    my $middle = ($low + $high) >> 1;
    my $one = $objects->[$middle];
    if ($address < $one->[0]) { $high = $middle - 1 } elsif ($address >= $one->[1]) { $low = $middle + 1 } else { return $one }
  }
  return undef;
}

# --- unwinding (DWARF 5, 6.4; LSB, Exception Frames) --------------------------------------------------

my ($SP, $FP, $RA) = $ARM ? (31, 29, 30) : (7, 6, 16);

sub uleb { return leb(@_, 0) }
sub sleb { return leb(@_, 1) }

sub leb {
  my ($bytes, $i, $signed) = @_;
  my ($value, $shift, $byte) = (0, 0, 0);
  do {
    return 0 if $$i >= length $bytes;
    $byte = ord substr $bytes, $$i++, 1;
    $value |= ($byte & 0x7f) << $shift;
    $shift += 7;
  } while $byte & 0x80 && $shift < 63;
  return $signed && $byte & 0x40 ? $value - (1 << $shift) : $value;
}

sub rules { # of the frame that an address of an object lies in: how its caller's registers are found
  my ($elf, $pc) = @_;
  my $table = $elf->{table} //= frame_table($elf);
  return undef unless $table->{count};
  my ($low, $high, $found) = (0, $table->{count} - 1);
  while ($low <= $high) {
    my $middle = ($low + $high) >> 1;
    my ($start, $fde) = unpack 'x' . (12 + 8 * $middle) . ' ll', $table->{bytes};
    if ($table->{at} + $start <= $pc) { $found = $table->{at} + $fde; $low = $middle + 1 } else { $high = $middle - 1 }
  }
  return undef unless defined $found;
  my $cached = $elf->{rules}{"$found:$pc"};
  return $cached if $cached;
  %{$elf->{rules}} = () if keys %{$elf->{rules} //= {}} > 5000;
  return $elf->{rules}{"$found:$pc"} = run_frame($elf, $found, $pc);
}

sub frame_table {
  my $elf = shift;
  my $at = $elf->{frames} // return {count => 0};
  my $offset = offset_of($elf, $at) // return {count => 0};
  my $head = at($elf->{file}, $offset, 12) // return {count => 0};
  my ($version, $pointer, $how_many, $entries, undef, $count) = unpack 'CCCCLL', $head;
  return {count => 0} unless $version == 1 && $pointer == 0x1b && $how_many == 3 && $entries == 0x3b && $count && $count < 1 << 20;
  my $bytes = at($elf->{file}, $offset, 12 + 8 * $count) // return {count => 0};
  return {at => $at, count => $count, bytes => $bytes};
}

sub run_frame { # object, address of the frame's entry, address within
  my ($elf, $fde, $pc) = @_;
  my $offset = offset_of($elf, $fde) // return undef;
  my ($length, $back) = unpack 'Ll', at($elf->{file}, $offset, 8) // return undef;
  return undef if $length < 8 || $length > 1 << 16;
  my $entry = at($elf->{file}, $offset, 4 + $length) // return undef;
  my $cie_at = $offset + 4 - $back;
  my ($cie_length) = unpack 'L', at($elf->{file}, $cie_at, 4) // return undef;
  return undef if $cie_length < 8 || $cie_length > 4096;
  my $cie = at($elf->{file}, $cie_at, 4 + $cie_length) // return undef;
  my $i = 9;
  my $end = index $cie, "\0", $i;
  return undef if $end < 0;
  my $augmentation = substr $cie, $i, $end - $i;
  $i = $end + 1;
  my ($code, $data) = (uleb($cie, \$i), sleb($cie, \$i));
  my $return = ord(substr $cie, 8, 1) == 1 ? ord(substr $cie, $i++, 1) : uleb($cie, \$i);
  my ($encoding, $behind) = (0x1b, $i);
  if ($augmentation =~ /^z/) {
    my $size = uleb($cie, \$i);
    $behind = $i + $size;
    for (split //, substr $augmentation, 1) {
      if ($_ eq 'R') { $encoding = ord substr $cie, $i++, 1 }
      elsif ($_ eq 'P') { my $how = ord substr $cie, $i++, 1; $i += ($how & 0xf) == 0xc || ($how & 0xf) == 4 ? 8 : 4 }
      elsif ($_ eq 'L') { $i++ }
      else { last }
    }
  }
  return undef unless $encoding == 0x1b;
  my ($start, $range) = unpack 'x8 lL', $entry;
  $start += $fde + 8;
  return undef if $pc < $start || $pc >= $start + $range;
  my $j = 16;
  if ($augmentation =~ /^z/) { my $size = uleb($entry, \$j); $j += $size }
  my %state = (return => $return, signal => $augmentation =~ /S/ ? 1 : 0, at => {});
  my $location = $start;
  $location = instructions(\%state, $cie, $behind, $code, $data, $location, ~0 >> 1, {}) // return undef;
  my $initial = {%{$state{at}}};
  instructions(\%state, $entry, $j, $code, $data, $start, $pc, $initial) // return undef;
  return \%state;
}

sub instructions {
  my ($state, $bytes, $i, $code, $data, $location, $until, $initial) = @_;
  my @kept;
  while ($i < length $bytes) {
    my $op = ord substr $bytes, $i++, 1;
    my ($high, $low) = ($op & 0xc0, $op & 0x3f);
    my $advance;
    if ($high == 0x40) { $advance = $low }
    elsif ($high == 0x80) { $state->{at}{$low} = uleb($bytes, \$i) * $data }
    elsif ($high == 0xc0) { restore($state, $low, $initial) }
    elsif ($op == 0x00 || $op == 0x2d) { }
    elsif ($op == 0x02) { $advance = ord substr $bytes, $i, 1; $i += 1 }
    elsif ($op == 0x03) { $advance = unpack "x$i S", $bytes; $i += 2 }
    elsif ($op == 0x04) { $advance = unpack "x$i L", $bytes; $i += 4 }
    elsif ($op == 0x05) { my $reg = uleb($bytes, \$i); $state->{at}{$reg} = uleb($bytes, \$i) * $data }
    elsif ($op == 0x06) { restore($state, uleb($bytes, \$i), $initial) }
    elsif ($op == 0x07 || $op == 0x08) { delete $state->{at}{uleb($bytes, \$i)} }
    elsif ($op == 0x09) { delete $state->{at}{uleb($bytes, \$i)}; uleb($bytes, \$i) }
    elsif ($op == 0x0a) { push @kept, [$state->{reg}, $state->{off}, $state->{plt}, {%{$state->{at}}}] }
    elsif ($op == 0x0b) { my $back = pop @kept or return undef; @$state{qw(reg off plt)} = @$back[0 .. 2]; $state->{at} = $back->[3] }
    elsif ($op == 0x0c) { $state->{reg} = uleb($bytes, \$i); $state->{off} = uleb($bytes, \$i); $state->{plt} = 0 }
    elsif ($op == 0x0d) { $state->{reg} = uleb($bytes, \$i) }
    elsif ($op == 0x0e) { $state->{off} = uleb($bytes, \$i) }
    elsif ($op == 0x0f) { my $size = uleb($bytes, \$i); $state->{plt} = cfa_expression(substr $bytes, $i, $size); $i += $size }
    elsif ($op == 0x10 || $op == 0x16) { delete $state->{at}{uleb($bytes, \$i)}; my $size = uleb($bytes, \$i); $i += $size }
    elsif ($op == 0x11) { my $reg = uleb($bytes, \$i); $state->{at}{$reg} = sleb($bytes, \$i) * $data }
    elsif ($op == 0x12) { $state->{reg} = uleb($bytes, \$i); $state->{off} = sleb($bytes, \$i) * $data; $state->{plt} = 0 }
    elsif ($op == 0x13) { $state->{off} = sleb($bytes, \$i) * $data }
    elsif ($op == 0x2e) { uleb($bytes, \$i) }
    else { return undef }
    if (defined $advance) { $location += $advance * $code; return $location if $location > $until }
  }
  return $location;
}

sub restore { my ($state, $reg, $initial) = @_; if (exists $initial->{$reg}) { $state->{at}{$reg} = $initial->{$reg} } else { delete $state->{at}{$reg} } return }

sub cfa_expression { # that of a procedure linkage table: rsp + 8, and 8 more behind the eleventh byte of an entry
  return $_[0] eq "\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22" || $_[0] eq "\x77\x08\x80\x00\x3f\x1a\x39\x2a\x33\x24\x22" || $_[0] eq "\x77\x08\x80\x00\x3f\x1a\x3a\x2a\x33\x24\x22" ? 1 : 2;
}

sub behind_call { # PID, value: whether it is an address to which a call returns
  my ($pid, $value) = @_;
  my $object = object_at($pid, $value) // return 0;
  my (undef, undef, undef, $bias, $elf) = @$object;
  my $offset = offset_of($elf, $value - $bias) // return 0;
  my $code = at($elf->{file}, $offset - 7, 7) // return 0;
  return (unpack('x3 L', $code) & 0xfc000000) == 0x94000000 || (unpack('x3 L', $code) & 0xfffffc1f) == 0xd63f0000 if $ARM;
  return $code =~ /\xe8....$|\xff[\xd0-\xd7]$|\xff[\x50-\x53\x55-\x57].$|\xff[\x90-\x93\x95-\x97\x15]....$|\xff[\x10-\x13\x16\x17]$/s;
}

# Where the caller's frame cannot be worked out, since its registers are not known of a process that sleeps, the next word of
# the stack that a call returns to; below it most often lies the caller's frame pointer.
sub next_call { # PID, bytes of the stack and where they begin, from: stack pointer, address, frame pointer of the caller
  my ($pid, $stack, $base, $from) = @_;
  my $objects = objects($pid);
  return () unless @$objects;
  my ($low, $high) = ($objects->[0][0], $objects->[-1][1]);
  my $first = $from - $base;
  return () if $first < 0 || $first + 8 > length $stack;
  my @words = unpack 'Q*', substr $stack, $first, 65536;
  for my $i (grep { $words[$_] >= $low && $words[$_] < $high } 0 .. $#words) {
    next unless behind_call($pid, $words[$i]);
    my ($at, $frame) = ($from + 8 * $i, $i ? $words[$i - 1] : 0);
    return ($at + 8, $words[$i], $frame > $at && $frame < $base + length $stack ? $frame : undef);
  }
  return ();
}

# PID, registers ({number => value}, of the program counter $RA on x86, "pc" everywhere), stack bytes from the stack pointer:
# paths of objects, innermost first, each once in a row.
sub unwind {
  my ($pid, $regs, $stack) = @_;
  my $base = $regs->{$SP};
  my ($pc, @path) = ($regs->{pc});
  my $word = sub {
    my $i = $_[0] - $base;
    return $i >= 0 && $i + 8 <= length $stack ? unpack("x$i Q", $stack) : undef;
  };
  for my $depth (0 .. 120) {
    my $object = object_at($pid, $pc) // last;
    my (undef, undef, $path, $bias, $elf) = @$object;
    push @path, $path unless @path && $path[-1] eq $path;
    my $here = $pc - $bias - ($depth ? 1 : 0);
    my $rules = rules($elf, $here) // last;
    my $cfa;
    if ($rules->{plt}) {
      last if $rules->{plt} == 2 || $ARM;
      $cfa = $regs->{$SP} + 8 + ((($pc - $bias) & 15) >= 11 ? 8 : 0);
    }
    else {
      last unless defined $rules->{reg};
      my $from = $regs->{$rules->{reg}};
      unless (defined $from) {
        my ($sp, $caller, $frame) = next_call($pid, $stack, $base, $regs->{$SP}) or last;
        ($regs, $pc) = ({$SP => $sp, pc => $caller, defined $frame ? ($FP => $frame) : ()}, $caller);
        last if @path >= 24;
        next;
      }
      $cfa = $from + ($rules->{off} // 0);
    }
    my %next = %$regs;
    for my $reg (keys %{$rules->{at}}) { my $value = $word->($cfa + $rules->{at}{$reg}); if (defined $value) { $next{$reg} = $value } else { delete $next{$reg} } }
    my $return = exists $rules->{at}{$rules->{return}} ? $next{$rules->{return}} : $ARM && !$depth ? $regs->{$RA} : undef;
    last unless defined $return;
    $return &= 0x0000ffffffffffff if $ARM;
    last if $cfa <= $regs->{$SP} && $depth;
    $next{$SP} = $cfa;
    ($regs, $pc) = (\%next, $return);
    last if @path >= 24;
  }
  return \@path;
}
