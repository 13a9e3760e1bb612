# Sockets: who is at the other end. From the kernel's own lists by a socket (sock_diag(7)) where that loads no module of the
# kernel; else from /proc/net, which walks the table of all connections for a list of some: milliseconds of the processor.

my $LISTENS = 'listening';   # nobody is at the other end
my $TABLES_SHARE = 0.025;   # of one processor, that the dear lists may take
# Inode => what it is and both ends; both ends => inode of the end that has them so; name => inodes of who listens there.
my (%sockets, %ends, %listening);
my (@tcp, $tcp_at, $tcp_cost, $others_at);   # when the lists were read, and the processor's seconds that TCP's took

my %diag;   # by the module of the kernel that answers: a socket to it; 0 where to ask would load it

sub diag {
  my $module = shift;
  return $diag{$module} if defined $diag{$module};
  my $release = (slurp('/proc/sys/kernel/osrelease', 200) // '') =~ s/\s//gr;
  my $loaded = slurp('/proc/modules', 1 << 18);
  my $there = !defined $loaded || $loaded =~ /^$module /m || (slurp("/lib/modules/$release/modules.builtin", 1 << 20) // '') =~ m{/$module\.ko};
  my $socket;
  return $diag{$module} = $there && socket($socket, 16, 0x803, 4) ? $socket : 0;   # AF_NETLINK, SOCK_RAW|SOCK_NONBLOCK, NETLINK_SOCK_DIAG
}

# All TCP of both families: state, address, port, address and port of the other end, inode. Addresses as their bytes.
sub tcp {
  my @found = tcp_by_diag();
  return @found ? @found : map { rows(slurp("/proc/net/$_", 1 << 22) // '') } qw(tcp tcp6);
}

sub tcp_by_diag { # struct inet_diag_req and inet_diag_msg (inet_diag.h); the older request is answered for both families at once
  my $diag = diag('tcp_diag') or return ();
  my $but_time_wait = 0xffffffff & ~(1 << 6);
  my $request = pack 'LSSLL CCCC x48 LL', 76, 18, 0x301, 1, 0, 2, 0, 0, 0, $but_time_wait, 0;
  return () unless send $diag, $request, 0;
  my @found;
  for (1 .. 4000) {
    sysread($diag, my $answer, 1 << 16) or return ();
    for (my $i = 0; $i + 16 <= length $answer;) {
      my ($length, $type) = unpack "x$i LS", $answer;
      return @found if $type == 3;
      return () if $type != 18 || $length < 88 || $i + $length > length $answer;
      my ($family, $state, $from, $to, $here, $there, $inode) = unpack 'x' . ($i + 16) . ' CCx2 nn a16 a16 x12 x16 L', $answer;
      my $bytes = $family == 2 ? 4 : 16;
      push @found, [$state, short(substr $here, 0, $bytes), $from, short(substr $there, 0, $bytes), $to, $inode];
      $i += ($length + 3) & ~3;
    }
  }
  return ();
}

sub rows { # of a table in /proc/net, which has an address as words of the machine's own order
  my ($text, @found) = @_;
  while ($text =~ /^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) (..) \S+ \S+ \S+ +\d+ +\d+ +(\d+)/mg) {
    my ($here, $there) = map { join '', map { scalar reverse } (pack 'H*', $_) =~ /(.{4})/gs } $1, $3;
    push @found, [hex $5, short($here), hex $2, short($there), hex $4, $6];
  }
  return @found;
}

sub short { return $_[0] =~ s/^\0{10}\xff\xff(?=.{4}\z)//sr }   # an IPv4 address among the IPv6 ones

sub read_tcp { # anew
  my $began = clock(2);
  @tcp = tcp();
  ($tcp_at, $tcp_cost) = (clock(), clock(2) - $began);
  return;
}

sub tcp_is_fresh { return defined $tcp_at && clock() < $tcp_at + $tcp_cost / $TABLES_SHARE }

sub peer { # inode: what it is, and both its ends
  my $inode = shift;
  if (!defined $others_at || clock() > $others_at + 0.05) {
    $others_at = clock();
    delete @sockets{grep { !defined $sockets{$_}[1] || $sockets{$_}[0] !~ /^tcp/ } keys %sockets};
    delete @listening{grep { /\D/ } keys %listening};
    note_socket('udp', @$_) for map { rows(slurp("/proc/net/$_", 1 << 20) // '') } qw(udp udp6);
    my $text = slurp('/proc/net/unix', 1 << 20) // '';
    while ($text =~ /^[0-9a-f]+: \S+ \S+ (\S+) \S+ \S+ +(\d+)(?: (\S+))?$/mg) {
      if (hex($1) & 1 << 16) { $sockets{$2} = [$LISTENS]; push @{$listening{$3 // ''}}, $2; next }
      $sockets{$2} = ['unix ' . ($3 // '')];
    }
  }
  if (!exists $sockets{$inode}) {   # it may be younger than the list
    read_tcp() unless defined $tcp_at && clock() < $tcp_at + 0.001;
    understand_tcp();
  }
  return $sockets{$inode} // ['socket'];
}

sub understand_tcp {
  delete @sockets{grep { $sockets{$_}[0] =~ /^tcp/ } keys %sockets};
  delete @listening{grep { /^\d+$/ } keys %listening};
  %ends = ();
  note_socket('tcp', @$_) for @tcp;
  return;
}

sub who_listens { # port or path: inodes
  peer(-1);
  return @{$listening{$_[0]} // []};
}

sub note_socket {
  my ($kind, $state, $here, $port, $there, $far, $inode) = @_;
  if ($state == 10) { $sockets{$inode} = [$LISTENS]; push @{$listening{$port}}, $inode; return }
  my @ends = map { join ':', @$_ } [$here, $port], [$there, $far];
  $sockets{$inode} = ["$kind " . address($there) . ":$far", "$ends[1]|$ends[0]"] if $inode;
  $ends{"$ends[0]|$ends[1]"} = $inode if $kind eq 'tcp';
  return;
}

sub port_of { # PID, descriptor of a connection: this end's port
  my ($inode) = (readlink("/proc/$_[0]/fd/$_[1]") // '') =~ /^socket:\[(\d+)\]$/ or return 0;
  return (peer($inode)->[1] // '') =~ /:(\d+)\z/ ? $1 : 0;
}

sub unix_end { # inode of a UNIX socket: its name, and the inode of its other end, 0 while nobody has accepted it (unix_diag.h)
  my $inode = shift;
  my $diag = diag('unix_diag') or return ();
  my $request = pack 'LSSLL CCSLLLLL', 40, 20, 1, 1, 0, 1, 0, 0, ~0 & 0xffffffff, $inode, 1 | 4, 0xffffffff, 0xffffffff;
  return () unless send $diag, $request, 0;
  sysread($diag, my $answer, 4096) or return ();
  my (undef, $type) = unpack 'LS', $answer;
  return () if length $answer < 32 || $type != 20;
  return ($LISTENS) if ord(substr $answer, 18, 1) == 10;
  my ($name, $peer) = ('', undef);
  for (my $i = 32; $i + 4 <= length $answer;) {
    my ($length, $what) = unpack "x$i SS", $answer;
    last if $length < 4 || $i + $length > length $answer;
    my $value = substr $answer, $i + 4, $length - 4;
    if ($what == 0) { $name = $value =~ s/^\0/\@/r =~ s/\0.*//sr } elsif ($what == 2) { $peer = unpack 'L', $value }
    $i += ($length + 3) & ~3;
  }
  return ($name, $peer);
}

sub address { # bytes: as it is written
  my $bytes = shift;
  return join '.', unpack 'C4', $bytes if length $bytes == 4;
  return '[' . join(':', map { sprintf '%x', $_ } unpack 'n8', $bytes) . ']';
}
