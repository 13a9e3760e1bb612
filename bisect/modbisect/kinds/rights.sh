# What may be switched on though it was off as found: what its package switches on by itself, and what root allows.
# The guard goes by this, and the survey prints it. One component a line, as "apache-module:userdir".

# It and every folder above it are root's, no links, and closed to the writing of others.
roots_own() ( # PATH
  path=$1; set --
  while [ "$path" ]; do set -- "$@" "$path"; path=${path%/*}; done
  stat -c '%u %A' -- / "$@" 2>/dev/null |
    awk -v all=$(($# + 1)) '$1 != 0 || $2 !~ /^[-d]....[^w]..[^w]/ {bad = 1} END {exit bad || NR < all}'
)

by_root() { # what root allows on this host, a line each
  allow=/etc/modbisect/allow
  [ ! -f "$allow" ] || ! roots_own "$allow" || head -c 65536 -- "$allow" | sed 's/#.*//'
}

may_be_on() {
  {
    printf 'php-module:%s\n' opcache apcu   # they keep what PHP has compiled and computed, and answer no request
    # A debugger runs whatever the other end of its connection says, and a local user may be that.
    by_default | grep -vx php-module:xdebug
    by_root | awk '$1 == "on" && NF == 2 {print $2}'
  } | grep -xE '(apache-(module|conf|site)|php-module):[A-Za-z0-9][-A-Za-z0-9_.+]{0,63}' | sort -u
}

# By Debian's register, which forgets what a person has switched off; hence by the packages' own scripts as well.
by_default() {
  for folder in /var/lib/apache2/module /var/lib/apache2/conf /var/lib/apache2/site /var/lib/php/modules/*/*; do
    case $folder in */php/*) kind="php-module" ;; *) kind=apache-${folder##*/} ;; esac
    ! roots_own "$folder/enabled_by_maint" ||
      find "$folder/enabled_by_maint" -maxdepth 1 -type f -user root -printf "$kind:%f\n"
  done
  ! roots_own /var/lib/dpkg/info || by_scripts
}

# What the packages switch on as they are installed. A name that a script works out by itself is not found, and stays off.
by_scripts() {
  find /var/lib/dpkg/info -maxdepth 1 -name '*.postinst' -type f -user root ! -perm /022 -exec awk '
    function say(kind, word, words, count) {
      count = split(word ~ /^\$/ ? listed[word] : word, words, " ")
      for (; count; count--) print kind ":" words[count]
    }
    FNR == 1 {split("", listed); whole = ""}
    {whole = whole $0}
    sub(/\\$/, " ", whole) {next}
    {
      gsub(/["\047\173\175]/, "", whole)
      count = split(whole, w, /[ \t;]+/); whole = ""
      for (i = 1; i <= count && w[i] !~ /^#/; i++) {
        if (w[i] == "for" && w[i + 2] == "in") {
          name = "$" w[i + 1]; listed[name] = ""
          for (i += 3; i <= count && w[i] != "do"; i++) listed[name] = listed[name] " " w[i]
        }
        else if (w[i] == "apache2_invoke" && w[i + 1] ~ /^en(mod|conf|site)$/) say(kinds[substr(w[i + 1], 3)], w[i + 2])
        else if (w[i] ~ /^a2en(mod|conf|site)$/) {
          kind = kinds[substr(w[i], 5)]
          while (w[i + 1] ~ /^-/) i++
          say(kind, w[i + 1])
        }
        else if (w[i] == "php_invoke" && w[i + 1] == "enmod") say("php-module", w[i + 4])
        else if (w[i] == "phpenmod") {
          while (w[i + 1] ~ /^-/) i += w[i + 1] ~ /^-[vs]$/ ? 2 : 1
          say("php-module", w[i + 1])
        }
      }
    }
    BEGIN {kinds["mod"] = "apache-module"; kinds["conf"] = "apache-conf"; kinds["site"] = "apache-site"}' {} +
}
