# Where the configuration guards access: by which directive, in a file that some component brings or in one that such a
# file includes. A line is TOP, FILE:LINE, "-" and the modules without (or with) which Apache passes the directive over, and
# the directive's name, parted by tabs; TOP is the component's own file. No value is told. Perl, for Debian's own tools that
# switch Apache's modules are written in it.
access_control() { # ROOT MAIN COMPONENTS PATTERN...: where its relative paths begin, its main file; which of that file's includes are components; these
  # shellcheck disable=SC2016  # no variable of the shell
  perl -e '
    use strict; use Fcntl;
    my ($root, $main, $components, @tops) = @ARGV;
    my ($left, %said) = (2000);

    sub note { my ($top, $where, $modules, $name) = @_; print join("\t", $top, $where, $modules, $name), "\n" unless $said{"$top\t$modules\t$name"}++ }

    # What a path leads to, where every folder, link and file on the way is root alone to change.
    sub rooted {
      my ($at, $links, @way) = ("", 0, split m{/+}, $_[0]);
      while (@way) {
        my $part = shift @way;
        next if $part =~ /^\.?$/;
        if ($part eq "..") { $at =~ s{/[^/]*$}{}; next }
        my @found = lstat "$at/$part";
        return if !@found || $found[4] != 0;
        if (-l _) {
          my $to = readlink "$at/$part";
          return if $links++ > 20;
          $at = "" if $to =~ m{^/};
          unshift @way, split m{/+}, $to;
        }
        else {
          return if $found[2] & 022 || !(-d _ || -f _);
          $at .= "/$part";
        }
      }
      return $at;
    }

    sub lines {
      my ($file) = @_;
      my $real = rooted($file);
      return unless defined $real && -f $real && -s _ < 4_000_000;
      sysopen(my $open, $real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or return;
      return [<$open>];
    }

    sub scan {
      my ($top, $file, $modules, $depth, $included) = @_;
      my $lines = $depth < 8 && $left-- > 0 && lines($file);
      return note($top, $included, $modules, "Include") unless $lines;
      my (@outer, $order);
      for (my $number = 1; $number <= @$lines; ) {
        my ($where, $line) = ("$file:$number", "");
        do { $line .= $lines->[$number++ - 1] } while $line =~ s/\\\r?\n\z/ / && $number <= @$lines;
        next unless $line =~ m{^\s*(</?\w+|\w+)\s*(.*?)\s*$}s;
        my ($name, $rest, $low) = ($1, $2, lc $1);
        if ($low eq "<ifmodule") {
          push @outer, $modules;
          my $module = lc($rest =~ s/["\x27>!\s]//gr);
          $modules .= " " . ($module =~ s/^mod_|\.c$|_module$//gr =~ s/[^\w.]//gr);
        }
        elsif ($low eq "<ifdefine") { push @outer, $modules; $modules .= " define." . ($rest =~ s/[^\w.]//gr) }
        elsif ($low eq "define") { note($top, $where, $modules, "Define " . ($rest =~ s/\W.*//sr)) }
        elsif ($low =~ m{^</if(module|define)$}) { $modules = pop @outer if @outer }
        # Old grants are an Order with "Allow from all"; an Order alone shuts everybody out.
        elsif ($low eq "order") { $order = $where }
        elsif ($low =~ m{^</}) { note($top, $order, $modules, "Order") if $order; $order = "" }
        elsif ($low =~ /^(require|allow)$/ && $rest =~ /^(all\s+granted|from\s+all)$/i) {
          $order = ""; note($top, $where, $modules, $low eq "allow" ? "Allow from all" : "Require all granted");
        }
        elsif ($low =~ /^(require|allow|deny)$/) { note($top, $where, $modules, $rest =~ /\benv\b/i ? "$name env" : $name) }
        elsif ($low =~ /^(setenvif\w*|browsermatch\w*)$/) { note($top, $where, $modules, "SetEnvIf") }
        elsif ($low =~ /^<?auth|^<require|^(satisfy|allowmethods|allowhandlers?|accessfilename|suexecusergroup|use)$/
          || $low =~ /^(ssl|remoteip|sec[a-z]|dos|qs_|modsecurity)/
          || $low =~ /^allowoverride(list)?$/ && lc $rest ne "none"   # access rules in .htaccess count by it
          || $low =~ /^redirect(match)?$/ && $rest =~ /^(4\d\d|gone)\b/i
          || $low eq "rewriterule" && $rest =~ /\[([^][]*,)?\s*(f|forbidden|g|gone|r(edirect)?=4\d\d)\s*(,[^][]*)?\]$/i
        ) { note($top, $where, $modules, $name =~ s/^<//r) }
        elsif ($low =~ /^php_(admin_)?(value|flag)$/) {
          note($top, $where, $modules, "$name $1") if $rest =~ /^(open_basedir|disable_functions|disable_classes|engine)\s/;
        }
        elsif ($low =~ /^include(optional)?$/) {
          $rest =~ s/"//g;
          next if $file eq $main && $rest =~ m{^(?:\Q$root\E/)?(?:$components)/};   # each a top
          if ($rest =~ /\$/) { note($top, $where, $modules, "Include"); next }
          my $pattern = $rest =~ m{^/} ? $rest : "$root/$rest";
          scan($top, $_, $modules, $depth + 1, $where) for grep { -e } glob("\"$pattern\"");
        }
      }
      note($top, $order, $modules, "Order") if $order;
    }

    scan($_, $_, "-", 0, "$_:0") for grep { -e } $main, map { glob } @tops;
    for my $file (glob("/etc/php/*/mods-available/*.ini /etc/php.d/*.ini /usr/local/etc/php/conf.d/*.ini")) {
      my ($lines, $number) = (lines($file) || [], 0);
      for (@$lines) {
        $number++;
        note($file, "$file:$number", "-", $1) if /^\s*(open_basedir|disable_functions|disable_classes)\s*=\s*[^\s;]/;
      }
    }' "$@"
}
