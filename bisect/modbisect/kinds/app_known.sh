# Parts of applications that are known: extensions of MediaWiki, plugins of DokuWiki, Django's middleware, what Composer
# includes. Where they lie follows from the web server's folders; {web} is each of them, {wsgi} that of each program that
# WSGI starts.
known_parts() {
  cat <<'END_OF_known'
mediawiki-extension			^\s*wfLoadExtension\(\s*["']([A-Za-z0-9_]+)["']\s*\);\s*(?:#.*|//.*)?$	/etc/mediawiki/LocalSettings.php {web}/LocalSettings.php	
dokuwiki-plugin				/var/lib/dokuwiki/lib/plugins/*/action.php /var/lib/dokuwiki/lib/plugins/*/action/*.php {web}/lib/plugins/*/action.php {web}/lib/plugins/*/action/*.php	
django-middleware	^MIDDLEWARE\s*=\s*[\[(]	^[\])]	^\s*["']([A-Za-z0-9_.]*[Mm]iddleware[A-Za-z0-9_.]*)["'],\s*(?:#.*)?$	{wsgi}/settings.py {wsgi}/settings/*.py	
composer-file	^\s*public static \$files = array	^\s*\);	^\s*'[0-9a-f]{32}' => __DIR__ \. '/\.\.' \. '/([A-Za-z0-9_./+-]+)',$	{web}/vendor/composer/autoload_static.php	
END_OF_known
}

wsgi_folders() {
  apache_files | tr '\n' '\0' | xargs -0r sed -nE 's/^[[:space:]]*WSGIScriptAlias(Match)?[[:space:]]+[^[:space:]]+[[:space:]]+"?(\/[^"[:space:]]+)\/[^\/"[:space:]]+.*/\2/p' 2>/dev/null | grep -xE '(/[A-Za-z0-9_.+-]+)+' | sort -u | head -n 20
}

section app-known
known=$(known_parts | awk -v web="$(web_folders | tr '\n' ' ')" -v wsgi="$(wsgi_folders | tr '\n' ' ')" '
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
leave=$(printf '%s\n' "$known" | awk -F '\t' '{n = split($5, path, " "); for (i = 1; i <= n; i++) print ($4 == "" ? "aside " : "list ") path[i]}')
printf '%s\n' "$known" | listings "$leave" 2>/dev/null | told_of_parts 2>/dev/null
