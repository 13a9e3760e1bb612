# Settings in the configuration of the applications that are served: files, and in each the statements by their lines and
# names, and no value. What is served is a folder, or the word that names one: /usr/lib/cgit makes /etc/cgitrc and
# /etc/cgit cgit's. A file that its package brought, and nobody has changed, is none.

# Extended regular expressions, of whole paths and whole lines: those of the guard. What guards access stays, and what keeps
# a copy of a site from acting on others: without it mail goes out, payments are made, updates run.
setting_shapes() {
  cat <<'END_OF_shapes'
php	(/[A-Za-z0-9_.+-]+)+/((local|Local|config|Config|settings|wp-config|parameters|site|options)[A-Za-z0-9_.+-]*|(conf|config|conf[.]d|config[.]d|settings)/[A-Za-z0-9_.+-]+)[.]php|/etc(/[A-Za-z0-9_.+-]+)+[.]php	[ \t]*([$][A-Za-z_].*=.*|define[ \t]*[(].*|ini_set[ \t]*[(].*|["'].*|[])].*)
python	(/[A-Za-z0-9_.+-]+)+/(settings|local_settings|settings_local|settings/[A-Za-z0-9_]+)[.]py|/etc(/[A-Za-z0-9_.+-]+)+[.]py	[A-Z][A-Z0-9_]*(\[.*\])*[ \t]*[+|]?=.*|[ \t]+["'].*|[ \t]*[])}].*
guards	-	.*(auth|acl|pass|pwd|secret|salt|token|csrf|allow|deny|permission|privilege|rights|secur|superuser|admin|login|logout|ssl|https|hsts|cors|cookie|captcha|throttl|ratelimit|lockdown|trusted|whitelist|blacklist|blocklist|restrict|protect|private|readonly|maintenance|forbid|verify|sandbox|sanit|escap|purif|xss|frame_options|raise|403|mail|smtp|sms|payment|stripe|paypal|webhook|notif|cron|queue|broker|celery|updat|upgrad|install|setup|backup|_env|environment_type|test_?mode|dry_?run|stag(e|ing)).*|.*(^|[^a-z])(die|exit)([^a-z].*)?
END_OF_shapes
}

served_folders() {
  web_folders
  wsgi_folders
  {
    apache_files | tr '\n' '\0' | xargs -0r sed -nE 's/^[[:space:]]*ScriptAlias(Match)?[[:space:]]+[^[:space:]]+[[:space:]]+"?(\/[^"[:space:]]+).*/\2/p'
    cat /etc/nginx/nginx.conf /etc/nginx/conf.d/*.conf /etc/nginx/sites-enabled/* | sed -nE 's/^[[:space:]]*(alias|root|fastcgi_param[[:space:]]+SCRIPT_FILENAME)[[:space:]]+"?(\/[^";[:space:]$]+).*/\2/p'
  } 2>/dev/null | sed 's|/*$||' | while IFS= read -r place; do
    [ -d "$place" ] || place=${place%/*}
    printf '%s\n' "$place"
  done
}

settings_found() { # what root allows; folders on standard input
  # shellcheck disable=SC2016  # no variable of the shell
  timeout 20 perl -e '
    use strict; use Fcntl; use Cwd "realpath";   # all of perl-base
    my ($allow, $shapes) = @ARGV;
    my (%shape, @listed, %may_restart);
    for (split /\n/, $shapes) { my ($name, $path, $line) = split /\t/; $shape{$name} = [qr/^(?:$path)$/, qr/^(?:$line)$/] }
    for (split /\n/, $allow) {
      $may_restart{$1} = 1 if m{^\s*unit\s+([A-Za-z0-9@_.-]+)\s*$};
      push @listed, join "[^/]*", map quotemeta, split /\*/, $1, -1 if m{^\s*list\s+(/[-A-Za-z0-9_.+/*]+)\s*$};
    }
    my %common = map { $_ => 1 } qw(usr share lib lib64 local var www html htdocs srv opt home public web app apps application
      site sites current releases shared src bin sbin etc run tmp data conf config configuration settings cgi-bin venv env
      dist-packages site-packages python python3 default server main prod production staging static assets media uploads
      docs doc javascript icons apache2 httpd nginx php systemd gunicorn uwsgi perl root log logs cache www-data system
      service security ssl ssh apt dpkg cron.d init.d pam.d sudoers.d network mysql redis);
    sub words { grep { length > 2 && /^[A-Za-z]/ && !$common{$_} && !/^python[0-9.]+$/ } map { split m{/} } @_ }

    # Programs that serve under a name of their own, each with the words of where it works and of what it was started with.
    my (%unit, @work);
    for my $process (glob "/proc/[0-9]*") {
      next unless (stat $process)[4];
      my $work = readlink "$process/cwd"; my ($group, $started) = ("", "");
      { local $/; if (open my $file, "<", "$process/cgroup") { $group = <$file> } if (open my $file, "<", "$process/cmdline") { $started = <$file> } }
      my ($name) = $group =~ m{.*/([A-Za-z0-9@_.-]+\.service)} or next;
      next if $name =~ /^(apache2|httpd|nginx|php[0-9.]*-fpm|mariadb|mysql|systemd-.*|dbus|user@.*)\.service$/ || $group =~ m{/user\.slice/};
      (my $own = $name) =~ s/\.service$//;
      $unit{$name}{$_} = 1 for words($own, $work, grep { m{/} } split /[\0=:\s]+/, $started);
      push @work, $work if defined $work && $work ne "/" && $work =~ m{^(/[A-Za-z0-9_.+-]+)+$};
    }
    chomp(my @served = <STDIN>);
    my %seen; @served = grep { -d && !$seen{$_}++ } @served, @work;
    push @served, grep { !$seen{$_}++ } map { m{(.*)/index\.php$} ? $1 : () } map { glob "$_/*/index.php" } @served;
    splice @served, 60 if @served > 60;
    my %named = map { $_ => 1 } words(@served), map { keys %$_ } values %unit;

    my @files;
    for my $folder (@served) {
      next if $folder =~ m{^/(usr/)?(s?bin|lib\w*)?$|^/(etc|var|srv|opt|home|proc|sys|run|tmp|dev)?$};
      push @files, grep { m{/(\.env|(?:local|config|settings|application|app|production|parameters)[\w.-]*\.(?:ini|cfg|conf|env|ya?ml|toml|properties))$} || $_ =~ $shape{php}[0] || $_ =~ $shape{python}[0] }
        map { glob } "$folder/.env", map { ("$folder/$_", "$folder/*/settings.py", "$folder/*/settings/*.py") } qw(*.php *.py *.ini *.cfg *.conf *.env *.yml *.yaml *.toml *.properties);
      push @files, map { glob "$folder/$_/*.{php,py,ini,cfg,conf,env,yml,yaml,toml,properties}" } qw(conf config conf.d config.d settings etc app/etc sites/default sites/default/config inc include includes application/config);
    }
    for my $word (keys %named) {
      push @files, grep { -f } map { "/etc/$word$_" } "rc", ".conf", ".ini", ".cfg", ".php", ".yml";
      push @files, grep { m{/[\w.+-]+$} && (/\.(?:php|py|ini|cfg|conf|env|ya?ml|toml|properties)$/ || m{/[\w+-]+$}) } map { glob "/etc/$word/$_" } "*", "*/*", "*/*/*";
    }
    my %time;
    for my $file (@files) {
      next if $time{$file} || $file !~ m{^(/[A-Za-z0-9_.+-]+)+$} || $file =~ m{/\.\.?/} || $file =~ /(sample|example|default|dist|\.bak|\.orig|\.dpkg-\w+|~$)/ || $file =~ m{^/etc/(apache2|httpd|nginx|php)/|/conf/dokuwiki\.php$|/(apache|lighttpd|nginx|cherokee)[\w.-]*\.conf$};
      next if (realpath($file) // "") ne $file || -l $file || !-f _ || -s _ > 262_144;
      $time{$file} = (stat _)[9] || 1;
    }
    my %shipped;
    for my $place (%time ? glob "/var/lib/dpkg/status /var/lib/dpkg/info/*.md5sums" : ()) {
      open my $list, "<", $place or next;
      if ($place =~ /status$/) { while (<$list>) { $shipped{$1} = $2 if m{^ (/\S+) ([0-9a-f]{32})} } }
      else { while (<$list>) { chomp; my $path = "/" . substr $_, 34; $shipped{$path} = substr $_, 0, 32 if $time{$path} } }
    }
    my ($files, $statements) = (0, 0);
    for my $file (sort { $time{$b} <=> $time{$a} || $a cmp $b } keys %time) {
      sysopen(my $open, $file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or next;
      my $text = do { local $/; <$open> } // "";
      next if $shipped{$file} && $shipped{$file} eq md5_of($file);
      my $kind = $file =~ $shape{php}[0] ? "php" : $file =~ $shape{python}[0] ? "python" : "";
      my @found = statements($kind || "perl", $text);
      @found = plain($text) unless $kind || @found;
      next unless @found && ++$files <= 40;
      my %mine = map { $_ => 1 } words($file);
      my @units = $kind eq "php" ? () : grep { my $name = $_; grep { $mine{$_} } keys %{$unit{$name}} } sort keys %unit;
      my ($refused) = grep { !$may_restart{$_} } @units;
      my $leave = $kind || grep({ $file =~ /^$_$/ } @listed) ? defined $refused ? "unit $refused" : "-" : "list $file";
      print join("\t", "file", $file, $leave, "@units" || "-"), "\n";
      for (@found) {
        last if ++$statements > 400;
        my ($lines, $name, $why) = @$_;
        print join("\t", "set", $file, join(",", @$lines), $name, $why), "\n";
      }
    }

    sub md5_of { open(my $sums, "-|", "md5sum", "--", $_[0]) or return ""; return (readline($sums) // "") =~ /^([0-9a-f]{32}) / ? $1 : "" }
    sub plain {
      my (@found, $number);
      for (split /\n/, $_[0]) {
        $number++;
        my ($name) = /^\s*(?:export\s+)?([A-Za-z][\w.-]{0,80})\s*[=:]\s*\S/ or next;
        push @found, [[$number], $name, lc =~ $shape{guards}[1] ? "guards" : /\\\s*$/ ? "more" : "-"];
      }
      @found;
    }
    sub depth { # of a line, with what is in quotes or a remark left out
      my $text = shift; my $remark = shift;
      $text =~ s/"(?:[^"\\]|\\.)*"|\x27(?:[^\x27\\]|\\.)*\x27//g; $text =~ s/$remark.*//;
      ($text =~ tr/([{//) - ($text =~ tr/)]}//), $text =~ /;\s*$/;
    }
    sub statements {
      my ($kind, $text) = @_;
      my $is_php = $kind ne "python"; my $remark = $kind eq "php" ? qr{(?://|#)} : qr{#};
      my $begin = $kind eq "perl" ? qr{^[ \t]*(?:our\s+)?([\$\@%][A-Za-z_][^=;]*?)\s*=[^=~]} : $is_php ? qr{^[ \t]*(?:(\$[A-Za-z_][^=;]*?)\s*[.|+]?=[^=>]|(?:define|ini_set)\s*\(\s*["\x27]([^"\x27]+)|return\s*(?:\[|array\s*\(|\(object\)))} : qr{^([A-Z][A-Z0-9_]*[^=]*?)\s*[+|]?=[^=]};
      my $entry = qr{^[ \t]*["\x27]([A-Za-z_][\w.-]*)["\x27]\s*=>};
      my @line = split /\n/, $text; my (@found, $in_remark);
      for (my $at = 0; $at < @line; $at++) {
        if ($is_php) { $in_remark = 1 if $line[$at] =~ m{^\s*/\*}; if ($in_remark) { $in_remark = 0 if $line[$at] =~ m{\*/}; next } }
        elsif ($line[$at] =~ /("""|\x27\x27\x27)/) { my $mark = $1; next if $line[$at] =~ /$mark.*$mark/; $at++ while $at < $#line && $line[$at + 1] !~ /$mark/; $at++; next }
        my $part = $line[$at] =~ $begin ? $1 // $2 // "" : next;
        my ($open, $closed, $to) = (0, 0, $at);
        for (; $to < @line && $to < $at + 400; $to++) {
          my ($more, $end) = depth($line[$to], $remark);
          $open += $more; $closed = $is_php ? $end : 1;
          last if $open <= 0 && $closed;
        }
        next if $to >= @line || $to >= $at + 400;
        my @inside;
        if ($is_php && $to > $at) {
          my $level = (depth($line[$at], $remark))[0];
          for (my $i = $at + 1; $i < $to; $i++) {
            my ($name) = $line[$i] =~ $entry; my $from = $i; my $above = $level;
            $level += (depth($line[$i], $remark))[0];
            next unless defined $name && $above == 1;
            $level += (depth($line[++$i], $remark))[0] while ($level > 1 || $line[$i] !~ /,\s*(?:$remark.*)?$/) && $i < $to - 1;
            push @inside, [$name, $from, $i];
          }
        }
        push @found, map { told($kind, \@line, @$_) } @inside ? @inside : length $part ? [$part, $at, $to] : ();
        $at = $to;
      }
      @found;
    }
    sub told {
      my ($kind, $line, $name, $from, $to) = @_;
      my @at = grep { $$line[$_] =~ /\S/ && $$line[$_] !~ m{^\s*(?:#|//)} } $from .. $to;
      my $why = grep({ lc($$line[$_]) =~ $shape{guards}[1] } @at) ? "guards" : grep({ $shape{$kind} && $$line[$_] !~ $shape{$kind}[1] || $$line[$_] =~ /\\\s*$/ } @at) ? "more" : "-";
      $name =~ s/[[{]\s*["\x27]?([^\]}"\x27]*)["\x27]?\s*[\]}]/.$1/g; $name =~ s/->/./g; $name =~ s/[^A-Za-z0-9_.-]//g;
      [[map { $_ + 1 } @at], substr($name, 0, 80), $why];
    }' "$1" "$(setting_shapes)"
}

section app-settings
settings=$(served_folders | settings_found "$(by_root)" 2>/dev/null)
lines "$settings" | awk -v held="$(lines "$settings" | sed -n 's/^file\t\([^\t]*\).*/\1/p' | holdable 2>/dev/null)" '
  BEGIN {FS = OFS = "\t"; n = split(held, path, "\n"); for (i = 1; i <= n; i++) is[path[i]] = 1}
  $1 == "file" {$2 = $2 OFS ($2 in is ? "-" : "held")}
  {print}'
