# WordPress below the document roots: its plugins, must-use plugins, drop-ins and themes. Of a plugin's main file where its header
# ends and where the file does, and which plugins it says that it needs.

wordpresses() { # the folders wp-content
  {
    roots | head -n 20 | while IFS= read -r root; do
      case $root in /*) timeout 2 find -P "$root" -maxdepth 3 -xdev -type d -name wp-content 2>/dev/null | head -n 20 ;; esac
    done
    [ ! -d /var/lib/wordpress/wp-content ] || echo /var/lib/wordpress/wp-content
  } | grep -xE '(/[A-Za-z0-9_.+-]+)+' | sort -u
}
wordpress_files() {
  wordpresses | while IFS= read -r content; do
    find -P "$content" "$content/mu-plugins" -maxdepth 1 -xdev -type f -name '*.php' 2>/dev/null
    find -P "$content/themes" -mindepth 2 -maxdepth 2 -xdev -type f -name functions.php 2>/dev/null | head -n 100
    find -P "$content/plugins" -maxdepth 2 -xdev -type f -name '*.php' 2>/dev/null | head -n 4000 |
      tr '\n' '\0' | xargs -0r grep -lsi '^[[:space:]*#@/]*Plugin Name:' -- | head -n 300
  done | grep -xE '(/[A-Za-z0-9_.+-]+)+' | sort -u
}

section files
wordpress_files | tr '\n' '\0' | xargs -0r -I {} find {} -maxdepth 0 -printf '%p\t%y\t%Y\t%T@\t%l\n' 2>/dev/null

section wordpress
wordpress_files | holdable | while IFS= read -r file; do
  case $file in
    */plugins/*) head -c 1M -- "$file" | tr -d '\000' | awk -v path="$file" '
      # The comment with the header; behind it nothing may stand on its line.
      !ended && tolower($0) ~ /^[ \t*#@\/]*(<\?php)?[ \t*#@\/]*plugin name:/ {named = 1}
      !ended && tolower($0) ~ /^[ \t*#@\/]*requires plugins:/ {needs = $0; sub(/^[^:]*:/, "", needs); gsub(/[^A-Za-z0-9_,.+-]/, "", needs)}
      !ended && named && /\*\// {ended = NR; rest = $0; sub(/.*\*\//, "", rest); if (rest !~ /^[ \t\r]*$/) bad = 1}
      END {print path "\t" (bad || !ended || ended == NR ? 0 : ended) "\t" (needs == "" ? "-" : needs)}' ;;
    *) printf '%s\t0\t-\n' "$file" ;;
  esac
done 2>/dev/null
