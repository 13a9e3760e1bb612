# Which files of the configuration name what was seen: matched here, since they hold passwords.

sub named { # lines of what was seen
  my %what;
  for my $line (@_) {
    my (undef, $wait, undef, $frames) = split /\|/, $line;
    $what{$1} = 1 while ($wait // '') =~ m{(?:pipe|file|child) (/[^ ,]+)}g;
    for ($frames // '') { while (m{ (/[^ ]+):\d+}g) { $what{$1} = 1 } }
  }
  my %folders;
  for my $path (keys %what) {
    my $folder = $path;
    $folders{$folder} = 1 while $folder =~ s{/[^/]+$}{} && $folder =~ m{^/[^/]+/};
  }
  our (@CONFIGURATION, @DIRECTIVES);   # of the kinds
  my @files = map { glob $_ } @CONFIGURATION;
  my (%text, @roots);
  for my $file (@files[0 .. ($#files < 799 ? $#files : 799)]) {
    my $text = slurp($file, 1 << 18) // next;
    $text =~ s/^\s*[#;].*//mg;
    $text{$file} = $text;
    push @roots, $1 while $text =~ /^\s*DocumentRoot\s+"?([^"\s]+)/mig;
  }
  for my $root (@roots) { $root =~ s{/+$}{}; delete @folders{grep { $_ eq $root || index("$root/", "$_/") == 0 } keys %folders} }
  my $lines = 0;
  for my $what (sort(keys %what), sort(keys %folders)) {
    for my $file (sort keys %text) {
      next unless $text{$file} =~ /\Q$what\E(?![\w.-])/;
      printf "named %s|%s\n", plain($what), plain($file) if $lines++ < 300;
    }
  }
  for my $file (sort keys %text) {   # directives that stand for a sort of waiting
    for my $word (@DIRECTIVES) {
      printf "says %s|%s\n", $word, plain($file) if $text{$file} =~ /^\s*\Q$word\E\b/mi;
    }
  }
  return;
}
