# Which files of the configuration name what was seen: matched here, since they hold passwords.

sub lines_with { # text, pattern: the numbers of the first lines where it matches
  my ($text, $pattern) = @_;
  my @numbers;
  while (@numbers < 20 && $text =~ /$pattern/g) { push @numbers, 1 + (substr($text, 0, $-[0]) =~ tr/\n//) }
  my %seen;
  return join ',', grep { !$seen{$_}++ } @numbers;
}

sub named { # lines of what was seen
  my (%what, %ends, %extensions, %modules, @modules);
  for my $line (@_) {
    my (undef, $wait, $objects, $frames, $by) = split /\|/, $line;
    push @modules, grep { m{/mod_[^/]+\.so[^/]*$} && !$modules{$_}++ } split / < /, $objects // '';
    for ($wait // '', $by // '') {
      $what{$1} = 1 while m{(?:pipe|file|child|unix) (/[^ ,]+)}g;
      $ends{$1} = 1 while m{((?:tcp|udp) [^ ,]+:\d+)}g;
    }
    for ($frames // '') {
      $what{$1} = 1 while m{ (/[^ ]+):\d+}g;
      $extensions{lc $1} = 1 while m{\[(\w+)\]}g;
    }
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
    $text =~ s/^[ \t]*[#;].*//mg;
    $text{$file} = $text;
    push @roots, $1 while $text =~ /^\s*(?:DocumentRoot|root)\s+"?([^"\s;]+)/mig;
  }
  for my $root (@roots) { $root =~ s{/+$}{}; delete @folders{grep { $_ eq $root || index("$root/", "$_/") == 0 } keys %folders} }
  my %pattern = map { $_ => qr/\Q$_\E(?![\w.-])/ } keys %what, keys %folders;
  $pattern{$_} = at_end($_) for keys %ends;
  # What an extension is told: soap.wsdl_cache_enabled, by an ini file or by the server.
  $pattern{"[$_]"} = qr/^[ \t]*(?:php_(?:admin_)?(?:value|flag)[ \t]+"?)?\Q$_\E\.\w/mi for keys %extensions;
  my $lines = 0;
  for my $what (sort(keys %what), sort(keys %folders), sort(keys %ends), map { "[$_]" } sort keys %extensions) {
    for my $file (sort keys %text) {
      next unless $text{$file} =~ $pattern{$what};
      printf "named %s|%s|%s\n", plain($what), plain($file), lines_with($text{$file}, $pattern{$what}) if $lines++ < 300;
    }
  }
  # What a module of the server is told: its directives' names lie in its file, some only as the end of another's.
  my %in;   # word that a line begins with => files
  while (my ($file, $text) = each %text) { $in{$1}{$file} = 1 while $text =~ /^[ \t]*([A-Z]\w{2,40})[ \t]/mg }
  my ($server) = map { exe($_) } (members())[0 .. 0];
  my $core = @modules && $server ? slurp($server, 1 << 21) // '' : '';
  delete @in{grep { index($core, "\0$_\0") >= 0 } keys %in};
  for my $module (@modules[0 .. ($#modules < 9 ? $#modules : 9)]) {
    my $bytes = slurp($module, 1 << 21) // next;
    my @words = grep { index($bytes, "$_\0") >= 0 } sort keys %in;
    my @whole = grep { index($bytes, "\0$_\0") >= 0 } @words;
    my %files = map { %{$in{$_}} } @whole ? @whole : @words;
    my $own = join '|', @whole ? @whole : @words;
    for my $file (sort keys %files) {
      printf "named %s|%s|%s\n", plain($module), plain($file), lines_with($text{$file}, qr/^[ \t]*(?:$own)\b/m) if $lines++ < 300;
    }
  }
  # Directives that stand for a sort of waiting, where they say more than none.
  for my $word (@DIRECTIVES) {
    my $pattern = $word =~ s/:/\\s+(?:not\\s+)?/r;
    for my $file (sort keys %text) {
      my $says = qr/^[ \t]*(?:php_(?:admin_)?(?:value|flag)\s+)?$pattern\b(?!\s*=?\s*"?(?:None|Off)\b)/mi;
      printf "says %s|%s|%s\n", $word, plain($file), lines_with($text{$file}, $says) if $text{$file} =~ $says;
    }
  }
  return;
}

sub at_end { # name of a connection: how a configuration speaks of its other end. Elsewhere than here the port may go without saying
  my ($host, $port) = $_[0] =~ /^... \[?([^\]]*?)\]?:(\d+)$/;
  my @names = ($host);
  my $here = $host =~ /^127\.|^(?:0:)*1$/;
  push @names, qw(localhost 127.0.0.1 ::1) if $here;
  for (split /\n/, slurp('/etc/hosts', 1 << 16) // '') { my ($address, @more) = split ' ', s/#.*//r; push @names, @more if ($address // '') eq $host }
  my $any = join '|', map { quotemeta } @names;
  return $here ? qr/(?<![\w.-])\[?(?:$any)\]?:$port(?!\d)/ : qr/(?<![\w.-])(?:$any)(?![\w.-])/;
}
