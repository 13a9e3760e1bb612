# Parts of applications that are known: extensions of MediaWiki, plugins of DokuWiki, Django's middleware, what Composer
# includes, and what a program includes of a folder, whatever it is. Where they lie follows from the web server's folders;
# {web} is each of them, {wsgi} that of each program that WSGI starts.
known_parts() {
  cat <<'END_OF_known'
mediawiki-extension			^\s*wfLoadExtension\(\s*["']([A-Za-z0-9_]+)["']\s*\);\s*(?:#.*|//.*)?$	/etc/mediawiki/LocalSettings.php {web}/LocalSettings.php	
dokuwiki-plugin				/var/lib/dokuwiki/lib/plugins/*/action.php /var/lib/dokuwiki/lib/plugins/*/action/*.php {web}/lib/plugins/*/action.php {web}/lib/plugins/*/action/*.php	
django-middleware	^MIDDLEWARE\s*=\s*[\[(]	^[\])]	^\s*["']([A-Za-z0-9_.]*[Mm]iddleware[A-Za-z0-9_.]*)["'],\s*(?:#.*)?$	{wsgi}/settings.py {wsgi}/settings/*.py	
composer-file	^\s*public static \$files = array	^\s*\);	^\s*'[0-9a-f]{32}' => __DIR__ \. '/\.\.' \. '/([A-Za-z0-9_./+-]+)',$	{web}/vendor/composer/autoload_static.php	
END_OF_known
}

served_by_wsgi=$(
  apache_files | tr '\n' '\0' | xargs -0r sed -nE 's/^[[:space:]]*WSGIScriptAlias(Match)?[[:space:]]+[^[:space:]]+[[:space:]]+"?(\/[^"[:space:]]+)\/[^\/"[:space:]]+.*/\2/p' 2>/dev/null | grep -xE '(/[A-Za-z0-9_.+-]+)+' | sort -u | head -n 20
)
wsgi_folders() { lines "$served_by_wsgi"; }

# Extended regular expression, the guard's too: folders called after what lies in them.
addon_folders='add-?ons?|plug-?ins?|mods?|modules?|extensions?|hooks?|autoload|conf[.]d|config[.]d'

globbed() { # patterns of the files that programs in the web server's folders include
  { web_folders; web_folders | sed -nE 's#/(public|public_html|web|webroot|www|htdocs|html|pub|docroot)$##p'; } | sort -u | tr '\n' '\0' | timeout 3 xargs -0r sh -c 'exec find -P "$@" -maxdepth 3 -xdev -type f -name "*.php" -size -256k -print0' sh 2>/dev/null |
    sort -zu | head -zn 2000 | timeout 3 xargs -0r perl -MFcntl -e '
      for my $file (@ARGV) {
        sysopen(my $open, $file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or next;
        my $text = do { local $/; <$open> } // "";
        next unless grep { index($text, $_) >= 0 } qw(glob scandir opendir DirectoryIterator);
        next unless $text =~ /\b(?:include|require)(?:_once)?\b/;
        (my $folder = $file) =~ s{/[^/]*$}{};
        while ($text =~ /\b(glob|scandir|opendir|DirectoryIterator)\s*\(\s*([^"\x27();]*(?:\([^"\x27()]*\))?[\s.]*)(["\x27])([^"\x27]*)\3/g) {
          my ($by, $before, $named) = ($1, $2, $4);
          # What is named by a variable or a constant lies in the folder of the program, or of one above.
          my $whole = $before eq "" && $named !~ s/^.*[\$}][\w>\[\]-]*(?=\/)//s;
          $named =~ s{/*$}{/*.php} if $by ne "glob";
          next unless $named =~ m{^[\w.+/*-]*\*[\w.+-]*\.php$};
          my @bases = $whole && $named =~ m{^/} ? ("") : $folder =~ m{^((?:((.*)/[^/]+))/[^/]+)$} ? ("$1/", "$2/", "$3/") : ("$folder/");
          for my $base (@bases) {
            my $pattern = "$base$named";
            1 while $pattern =~ s{/\./|//}{/} or $pattern =~ s{/(?!\.\./)[^/*]+/\.\./}{/};
            next if $pattern =~ m{/\.\.?/|^/\*} || !grep { -f } glob $pattern;
            print "$pattern\n";
            last;
          }
        }
      }' 2>/dev/null | sort -u | head -n 20
}

section app-known
known=$({ known_parts; printf 'php-file\t\t\t\t%s\t\n' "$(globbed | tr '\n' ' ')"; } | awk -v web="$(web_folders | tr '\n' ' ')" -v wsgi="$(wsgi_folders | tr '\n' ' ')" '
  BEGIN {FS = OFS = "\t"; folders["{web}"] = web; folders["{wsgi}"] = wsgi}
  {
    n = split($5, patterns, " "); $5 = ""
    for (i = 1; i <= n; i++) {
      head = patterns[i]; sub(/\/.*/, "", head)
      if (head == "") {$5 = $5 patterns[i] " "; continue}
      m = split(folders[head], each, " ")
      for (j = 1; j <= m; j++) $5 = $5 each[j] substr(patterns[i], length(head) + 1) " "
    }
    print
  }')
# What lies in a folder of another name than those that the guard takes files of, root has to allow.
leave=$(printf '%s\n' "$known" | awk -F '\t' -v addons="/($addon_folders)/[^/]*$" '{
  n = split($5, path, " ")
  for (i = 1; i <= n; i++)
    if ($1 != "php-file" || path[i] ~ addons)
      print ($4 == "" ? "aside " : "list ") path[i]
}'; by_root | grep '^aside ')
printf '%s\n' "$known" | listings "$leave" 2>/dev/null | told_of_parts 2>/dev/null
