# Entries of lists that a playbook declares. A file is read only where root has said "list" of it, which allows to cut its
# lines as well. "NAME", path, line, entry, "-" or why not, and units, parted by tabs. Perl, for the name is a group.

listings() { # what is allowed; NAME, begin, end, entry, files, units a line on standard input
  # shellcheck disable=SC2016  # no variable of the shell
  timeout 20 perl -e '
    use strict; use Fcntl;
    my (%allowed, @patterns, %units);
    for (split /\n/, $ARGV[0]) {
      $units{$1} = 1 if m{^\s*unit\s+([A-Za-z0-9@_.-]+)\s*$};
      next unless m{^\s*(list|aside)\s+(/[-A-Za-z0-9_.+/*]+)\s*$};
      my ($shape, $pattern) = ($1, $2);
      push @patterns, [$shape, join "[^/]*", map quotemeta, split /\*/, $pattern, -1];
    }
    my $left = 500;
    while (<STDIN>) {
      chomp;
      my ($name, $begin, $end, $entry, $files, $units) = split /\t/, $_, -1;
      next unless defined $units && $name =~ /^[a-z][a-z0-9-]*$/;
      my $shape = $entry eq "" ? "aside" : "list";
      my ($refused) = grep { !$units{$_} } split / /, $units;
      for my $file (map { glob "\"$_\"" } split / /, $files) {
        my ($above, @above) = ("");
        for (split m{/}, substr $file, 1) { $above .= "/$_"; push @above, $above }
        next if grep { -l } @above;   # whoever has a folder does not choose what is read
        next if $file !~ m{^(/[A-Za-z0-9_.+-]+)+$} || $file =~ m{/\.\.?/} || !-f $file || $left-- < 0;
        my $may = !grep { $shape eq $$_[0] && $file =~ /^$$_[1]$/ } @patterns;
        my $why = $may ? "$shape $file" : defined $refused ? "unit $refused" : "-";
        if ($why ne "-" || $shape eq "aside") { print join("\t", $name, $file, 0, $shape eq "aside" ? $file : "-", $why, $units), "\n"; next }
        sysopen(my $open, $file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or next;
        my ($in, $number) = ($begin eq "", 0);
        while (my $line = <$open>) {
          last if ++$number > 50_000;
          chomp $line;
          if (!$in) { $in = $line =~ /$begin/; next }
          last if $end ne "" && $line =~ /$end/;
          my ($part) = $line =~ /$entry/;
          next unless defined $part && $part =~ m{^[A-Za-z0-9_.:/\\+-]{1,100}$};
          print join("\t", $name, $file, $number, $part, "-", $units), "\n";
        }
      }
    }' "$1"
}
told_of_parts() { # with what the guard could not hold
  parts=$(grep .) || return 0
  lines "$parts" | awk -v held="$(lines "$parts" | cut -f 2 | sort -u | holdable)" '
    BEGIN {FS = OFS = "\t"; n = split(held, path, "\n"); for (i = 1; i <= n; i++) is[path[i]] = 1}
    $5 == "-" && !($2 in is) {$5 = "held"}
    {print}'
}

section app-parts
printf '%s\n' "$declared" | listings "$(by_root)" 2>/dev/null | told_of_parts 2>/dev/null
