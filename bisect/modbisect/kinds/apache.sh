# What Apache could load, and what it is told to: in Debian's layout, and in that of Apache itself.

section builtin
apache_says -l 2>/dev/null | sed -n 's/^ *\(mod_\)\{0,1\}\(.*\)\.c$/\2/p'

section files
find /etc/apache2/mods-available /etc/apache2/mods-enabled /etc/apache2/conf-available /etc/apache2/conf-enabled \
  /etc/apache2/sites-available /etc/apache2/sites-enabled /etc/httpd/conf /etc/httpd/conf.d /etc/httpd/conf.modules.d /usr/local/apache2/conf /usr/local/apache2/conf.d \
  -maxdepth 1 -mindepth 1 -printf '%p\t%y\t%Y\t%T@\t%l\n' 2>/dev/null | sort

section markers
find /var/lib/apache2/module /var/lib/apache2/conf /var/lib/apache2/site -type f -path '*_by_*' -printf '%T@\t%p\n' 2>/dev/null | sort

section load-headers
grep -D skip -nHE '^[[:space:]]*(#[[:space:]]*(Depends|Conflicts):|LoadModule)' /etc/apache2/mods-available/*.load 2>/dev/null |
  grep -xE '[^:]*:[0-9]+:[[:space:]]*[#A-Za-z][][:space:]A-Za-z0-9_./:"+-]*'

# Of httpd the lines that load modules, and the files that its main one includes by a pattern: those that the guard holds,
# with a word on whether a site is in there.
section httpd-modules
[ "$main" != httpd ] || lines "$httpd_files" | holdable | tr '\n' '\0' |
  xargs -0r grep -D skip -nHE '^[[:space:]]*LoadModule[[:space:]]+[A-Za-z0-9_]+[[:space:]]+"?[A-Za-z0-9_./+-]+"?[[:space:]]*$' --
section httpd-confs
[ "$main" != httpd ] || lines "$httpd_files" | grep -xE '(/etc/httpd|/usr/local/apache2)/conf\.d/[A-Za-z0-9_.+-]+\.conf' | holdable | while IFS= read -r file; do
  printf '%s\t%s\n' "$file" "$(grep -m 1 -oiE '^[[:space:]]*<VirtualHost' -- "$file" | tr -d '[:space:]')"
done

# Where a module's file is a link, the server's maps show what it leads to.
section objects
{ ls /etc/apache2/mods-available/*.load; printf '%s\n' "$httpd_files"; } 2>/dev/null | tr '\n' '\0' | xargs -0r grep -D skip -hE '^[[:space:]]*LoadModule[[:space:]]' -- 2>/dev/null |
  sed -nE 's|.*[[:space:]]"?([A-Za-z0-9_./+-]+)"?[[:space:]]*$|\1|p' | sed "s|^modules/|$httpd_home/&|" | linked_objects

# Where which FPM is named, and what leads there: a line each, with the number of its virtual host, 0 for none. Words as
# they stand; a handler that only counts without a PHP of Apache's own says so.
section php-places
apache_files | tr '\n' '\0' | xargs -0r awk '
  {sub(/^[ \t]+/, ""); sub(/[ \t\r]+$/, ""); low = tolower($0); second = $2; third = $3; gsub(/["<>]/, "", second); gsub(/["<>]/, "", third)}
  FNR == 1 {place = "-\t-"; within = unless = 0}
  low ~ /^<virtualhost[ \t]/ {mine = ++hosts}
  low ~ /^<\/virtualhost/ {mine = 0}
  low ~ /^<directory[ \t]/ && second ~ /^\/[A-Za-z0-9_.+\/-]*$/ {place = "directory\t" second}
  low ~ /^<location[ \t]/ && second ~ /^\/[A-Za-z0-9_.+\/-]*$/ {place = "location\t" second}
  low ~ /^<(directory|location)match[ \t]|^<(directory|location)[ \t].*[*?~[]/ {place = "pattern\t-"}
  low ~ /^<\/(directory|location)/ {place = "-\t-"}
  low ~ /^<ifmodule[ \t]/ {within++; if (low ~ /^<ifmodule[ \t]+"?!(mod_)?php/) unless = within}
  low ~ /^<\/ifmodule/ {if (unless == within) unless = 0; within--}
  low ~ /^server(name|alias)[ \t]/ && mine {for (i = 2; i <= NF; i++) if ($i ~ /^[A-Za-z0-9.*-]+(:[0-9]+)?$/) {name = $i; sub(/:[0-9]+$/, "", name); print "name\t" mine "\t" tolower(name)}}
  low ~ /^documentroot[ \t]/ && second ~ /^\/[A-Za-z0-9_.+\/-]*$/ {print "root\t" mine + 0 "\t" second}
  low ~ /^alias[ \t]/ && second third ~ /^\/[A-Za-z0-9_.+\/-]*$/ {print "alias\t" mine + 0 "\t" second "\t" third}
  low ~ /^(sethandler|proxypassmatch|addhandler|fcgidwrapper)[ \t]/ && match(low, /php[0-9.]*-fpm/) {
    print "handler\t" mine + 0 "\t" place "\t" substr(low, RSTART, RLENGTH) "\t" (unless ? "unless" : "-")
  }' 2>/dev/null | head -n 500

section handlers
apache_files | tr '\n' '\0' | xargs -0r grep -D skip -nHE '^[[:space:]]*(SetHandler|ProxyPass(Match)?|AddHandler|FcgidWrapper)[[:space:]]' -- 2>/dev/null |
  head -n 200 | sed -nE '
    s/^([^:]*:[0-9]+):[[:space:]]*([A-Za-z]*)[[:space:]].*(php[0-9.]*-fpm).*/\1:\2 \3/p'
