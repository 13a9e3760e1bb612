# What Apache could load, and what it is told to: Debian's layout.

section builtin
apache2 -l 2>/dev/null | sed -n 's/^ *\(mod_\)\{0,1\}\(.*\)\.c$/\2/p'

section files
find /etc/apache2/mods-available /etc/apache2/mods-enabled /etc/apache2/conf-available /etc/apache2/conf-enabled \
  /etc/apache2/sites-available /etc/apache2/sites-enabled \
  -maxdepth 1 -mindepth 1 -printf '%p\t%y\t%Y\t%T@\t%l\n' 2>/dev/null | sort

section markers
find /var/lib/apache2/module /var/lib/apache2/conf /var/lib/apache2/site -type f -path '*_by_*' -printf '%T@\t%p\n' 2>/dev/null | sort

section load-headers
grep -D skip -nHE '^[[:space:]]*(#[[:space:]]*(Depends|Conflicts):|LoadModule)' /etc/apache2/mods-available/*.load 2>/dev/null |
  grep -xE '[^:]*:[0-9]+:[[:space:]]*[#A-Za-z][][:space:]A-Za-z0-9_./:"+-]*'

# Where a module's file is a link, the server's maps show what it leads to.
section objects
grep -D skip -hE '^[[:space:]]*LoadModule[[:space:]]' /etc/apache2/mods-available/*.load 2>/dev/null |
  sed -nE 's|.*[[:space:]]"?([A-Za-z0-9_./+-]+)"?[[:space:]]*$|\1|p' | linked_objects

section handlers
grep -D skip -nHE '^[[:space:]]*(SetHandler|ProxyPass(Match)?|AddHandler|FcgidWrapper)[[:space:]]' \
  /etc/apache2/apache2.conf /etc/apache2/conf-enabled/*.conf /etc/apache2/sites-enabled/*.conf /etc/apache2/mods-enabled/*.conf 2>/dev/null |
  head -n 200 | sed -nE '
    s/^([^:]*:[0-9]+):[[:space:]]*([A-Za-z]*)[[:space:]].*(php[0-9.]+-fpm).*/\1:\2 \3/p'
