# Whose data fills the memory of the server's largest process: of each page of its own, the object that most pointers in it
# lead into. What nothing leads out of, as long texts, is nobody's.

my $MOST_PAGES = 2048;   # are read, as far apart as can be
my $MOST_ASKED = 1 << 21;   # pages of all ranges are asked for: whoever has a process can map what he likes
my $NOBODYS = qr{/(?:libc|ld-linux[^/]*|libapr[^/]*|libpthread)[.-][^/]*$};   # they hold what others have asked for

sub own { my $pid = shift; return (slurp("/proc/$pid/status", 8192) // '') =~ /^RssAnon:\s+(\d+)/m ? $1 : 0 } # KiB

sub ranges { # PID: of its objects [from, to, path], and of its own memory [from, to]
  my $pid = shift;
  my (@objects, @own);
  for (split /\n/, slurp("/proc/$pid/maps", 1 << 22) // '') {
    my ($from, $to, $mode, $path) = m{^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)$} or next;
    ($from, $to) = (hex $from, hex $to);
    if ($path =~ m{^/(?!dev/|memfd:|SYSV)} && $path !~ / \(deleted\)$/) { push @objects, [$from, $to, $path] }
    elsif ($mode =~ /^rw.p/ && $path !~ /^\[(?:stack|v)/ && $path !~ m{^/}) { push @own, [$from, $to] }
  }
  return (\@objects, \@own);
}

sub resident { # PID, page size, ranges: addresses of their pages that are in memory
  my ($pid, $page, @own) = @_;
  sysopen(my $map, "/proc/$pid/pagemap", 0) or return missing('memory', "$!");
  my (@pages, $left);
  $left = $MOST_ASKED;
  for (@own) {
    my ($from, $to) = @$_;
    my $count = ($to - $from) / $page;
    $count = $left if $count > $left;
    last unless $count;
    $left -= $count;
    sysseek($map, $from / $page * 8, 0) && sysread($map, my $entries, $count * 8) or next;
    my $at = 0;
    for (unpack 'Q*', $entries) { push @pages, $from + $at * $page if $_ >> 63; $at++ }
  }
  return @pages;
}

sub lies_in { # all objects in the order of their addresses, an address: the path of the one that it lies in, else nothing
  my ($objects, $address) = @_;
  my ($low, $high) = (0, $#$objects);
  while ($low < $high) { my $middle = ($low + $high + 1) >> 1; if ($objects->[$middle][0] <= $address) { $low = $middle } else { $high = $middle - 1 } }
  my ($from, $to, $path) = @{$objects->[$low]};
  return $address >= $from && $address < $to && $path !~ $NOBODYS ? $path : '';
}

sub owners { # PID, page size: pages by object, '' for nobody's, and how many were read
  my ($pid, $page) = @_;
  my ($objects, $own) = ranges($pid);
  my @pages = resident($pid, $page, @$own);
  my ($lowest, $highest) = (sort { $a <=> $b } map { @$_[0, 1] } @$objects)[0, -1];
  return ({}, 0) unless @pages && defined $lowest;
  my $step = 1 + int($#pages / $MOST_PAGES);
  my (%object, %owner, $read);
  for (my $at = 0; $at < @pages; $at += $step) {
    my $bytes = mem($pid, $pages[$at], $page) // next;
    my %count;
    for (grep { $_ >= $lowest && $_ < $highest } unpack 'Q*', $bytes) { my $path = $object{$_ >> 12} //= lies_in($objects, $_); $count{$path}++ if $path }
    my ($most) = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
    $owner{$most // ''} += $step;
    $read++;
  }
  return (\%owner, $read);
}

sub memory { # as a look is told: what is held in place of what was seen, KiB in place of seconds
  my $began = clock();
  my $page = page();
  my ($largest) = sort { own($b) <=> own($a) || $a <=> $b } members();
  my ($owner, $read) = $largest ? owners($largest, $page) : ({}, 0);
  my ($whole, $kib) = (0, $page / 1024);
  $whole += $_ * $kib for values %$owner;
  my @most = sort { $owner->{$b} <=> $owner->{$a} || $a cmp $b } grep { $_ ne '' } keys %$owner;
  my @lines = map { 'M||' . plain($_) . '||' } @most[0 .. ($#most < 49 ? $#most : 49)];
  printf "look 1\nseconds %.2f\nbusy %.3f\nsamples %d\n", clock() - $began, $whole, $read // 0;
  printf "seen %.3f|%s\n", $owner->{$most[$_]} * $kib, $lines[$_] for 0 .. $#lines;
  named(@lines);
  print "missing $_ ", plain_words($missing{$_}), "\n" for sort keys %missing;
  printf "cpu %.2f\nend\n", clock(2);
  return;
}
