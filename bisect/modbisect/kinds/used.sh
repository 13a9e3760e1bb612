# Which components the application's own files speak of: functions and classes of PHP's modules, what composer.json asks
# for, directives of .htaccess outside of every <IfModule>. Standard input: DocumentRoot and Alias as the configuration has
# them. Prints component ids, and no word of the files. What those folders hold is their owners' to choose: nothing in
# there is opened through a link, waited for, or read beyond some files and a second, and it decides only whom to try last.
used() {
  # shellcheck disable=SC2016  # no variable of the shell
  perl -e '
    use strict; use Fcntl; use Time::HiRes "time";
    my %php = (
      apcu => "apcu?_", bcmath => "bc(add|sub|mul|div|mod|pow|sqrt|comp)\$", bz2 => "bz(open|compress|decompress)\$",
      calendar => "(cal_|easter_|jd)", ctype => "ctype_", curl => "curl_", dba => "dba_", dom => "dom(document|element|xpath)\$",
      enchant => "enchant_", exif => "exif_", ffi => "ffi\$", fileinfo => "(finfo|mime_content_type\$)", ftp => "ftp_",
      gd => "(image(create|copy|fill|scale|jpeg|png|gif|webp|string|ttf)|getimagesize|gd_info\$)",
      gettext => "(_|[dn]?gettext|bindtextdomain)\$", gmp => "gmp_", iconv => "iconv", igbinary => "igbinary_",
      imagick => "imagick", imap => "imap_", intl => "(collator|numberformatter|intl\\w+|normalizer|transliterator|idn_to_\\w+)\$",
      ldap => "ldap_", mbstring => "mb_", memcached => "memcached\$", msgpack => "msgpack_", mysqli => "mysqli", odbc => "odbc_",
      pdo => "pdo\$", pgsql => "pg_", phar => "phar(data)?\$", posix => "posix_", pspell => "pspell_", readline => "readline",
      redis => "redis(cluster|array)?\$", shmop => "shmop_", simplexml => "simplexml", snmp => "snmp", soap => "soap(client|server)\$",
      sockets => "socket_(create|connect|bind|listen|accept|recv|send)", sqlite3 => "sqlite3\$", ssh2 => "ssh2_",
      sysvmsg => "msg_(get_queue|send|receive)\$", sysvsem => "sem_(get|acquire|release)\$", sysvshm => "shm_(attach|get_var|put_var)\$",
      tidy => "tidy", tokenizer => "(token_(get_all|name)|phptoken)\$", uuid => "uuid_", xml => "(xml_parser|utf8_(en|de)code\$)",
      xmlreader => "xmlreader\$", xmlwriter => "xmlwriter", xsl => "xsltprocessor\$", yaml => "yaml_", zip => "(ziparchive|zip_open)\$",
    );
    my %apache = (
      actions => "action\$", alias => "(redirect|alias)", autoindex => "(indexoptions|addicon|adddescription|indexignore)",
      dir => "(directoryindex|fallbackresource)\$", env => "(un)?setenv\$|passenv\$", expires => "expires",
      filter => "addoutputfilterbytype\$", headers => "(request)?header\$", include => "(xbithack|ssi)", mime => "(add|remove)(type|encoding|handler|charset|language)\$",
      negotiation => "(languagepriority|forcelanguagepriority)\$", rewrite => "rewrite", setenvif => "(setenvif|browsermatch)",
      speling => "checkspelling\$", substitute => "substitute", usertrack => "cookie(tracking|name|style)\$",
    );
    my ($end, $files, $bytes) = (time + 1, 5000, 32_000_000);
    my (%spoken, %directive, %asked, %seen, @folders);
    for (<STDIN>) { push @folders, $1 if m{\s"?(/[^"\s]+?)/?"?\s*$} }

    sub text {
      my ($path) = @_;
      return "" if $files-- <= 0 || $bytes <= 0 || time > $end;
      sysopen(my $open, $path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or return "";
      return "" unless -f $open && -s _ < 1_000_000;
      my $got = sysread($open, my $text, 1_000_000);
      $bytes -= $got || 0;
      return $text // "";
    }

    sub composer { my $text = text("$_[0]/composer.json"); $asked{$1} = 1 while $text =~ /"ext-([a-z0-9_]+)"/g }

    for my $folder (@folders) { (my $above = $folder) =~ s{/[^/]*$}{}; composer($above) if $above }
    while (defined(my $folder = shift @folders)) {
      next if $seen{$folder}++ || $folder =~ m{^/usr/share/php(/|$)} || time > $end || $files <= 0;
      opendir(my $open, $folder) or next;
      for my $name (sort readdir $open) {
        my $path = "$folder/$name";
        if ($name =~ /\.(php|inc)$/) {
          my $text = text($path);
          @spoken{$text =~ /(?<![\w\$>:])([A-Za-z_]\w*)\s*\(/g} = ();
          @spoken{$text =~ /$_\s+\\?([A-Za-z_]\w*)/g} = () for qr/\bnew/, qr/\bextends/, qr/\binstanceof/;   # faster than as one
          @spoken{$text =~ /(?<![\w\$>])([A-Za-z_]\w*)::/g} = ();
          push @folders, $1 while $text =~ m{[\x27"](/[\w./-]+)/[\w.-]+\.(?:php|inc)[\x27"]}g;
        }
        elsif ($name eq ".htaccess") {
          my $inside = 0;
          for (split /\n/, text($path)) {
            if (m{^\s*<If(Module|Define|Version)\b}i) { $inside++ }
            elsif (m{^\s*</If(Module|Define|Version)>}i) { $inside-- }
            elsif (!$inside && /^\s*([A-Za-z]+)\s/) { $directive{lc $1} = 1 }
          }
        }
        elsif ($name eq "composer.json") { composer($folder) }
        elsif ($name !~ /^\./ && !-l $path && -d _) { push @folders, $path }
      }
    }
    show("php-module", \%php, {map { lc, 1 } keys %spoken});
    show("apache-module", \%apache, \%directive);
    print "php-module:$_\n" for sort keys %asked;

    sub show {
      my ($kind, $patterns, $found) = @_;
      my $any = join "|", values %$patterns;
      my @said = grep { /^(?:$any)/ } keys %$found;
      for my $name (sort keys %$patterns) { print "$kind:$name\n" if grep { /^$patterns->{$name}/ } @said }
    }
  ' 2>/dev/null
}
