# The directives of each file that Apache reads, and of .htaccess files below its document roots and aliases: their lines and their
# names, and no value.

htaccess() {
  { roots; aliases; } | awk '!seen[$0]++' | head -n 40 | while IFS= read -r root; do
    case $root in /*) timeout 2 find -P "$root" -maxdepth 4 -xdev -type f -name .htaccess 2>/dev/null | head -n 50 ;; esac
  done | grep -xE '(/[A-Za-z0-9_.+-]+)+' | sort -u
}

hidden=$(htaccess)

section files
lines "$hidden" | tr '\n' '\0' | xargs -0r sh -c 'exec find "$@" -maxdepth 0 -printf "%p\t%y\t%Y\t%T@\t%l\n"' sh 2>/dev/null

section htaccess
lines "$hidden" | holdable 2>/dev/null

included() { # what a file of the link farms brings along: both, by Apache's own word
  apache_says -t -D DUMP_INCLUDES 2>/dev/null | awk '
    match($0, /^ *\([^)]*\) \//) {
      path = substr($0, RSTART + RLENGTH - 1); match($0, /^ */); at[RLENGTH] = path; above = at[RLENGTH - 2]
      if (above ~ /^(\/[A-Za-z0-9_.+-]+)+$/ && path ~ /^(\/[A-Za-z0-9_.+-]+)+$/ && path !~ /^\/etc\/apache2\/((mods|conf|sites)-enabled\/[^\/]*|ports[.]conf)$/ && path !~ /^(\/etc\/httpd|\/usr\/local\/apache2)\/conf([.]modules)?[.]d\/[^\/]*$/)
        print above "\t" path
    }' | head -n 300 | while IFS=$(printf '\t') read -r above below; do printf '%s\t%s\n' "$(readlink -f -- "$above")" "$(readlink -f -- "$below")"; done | sort -u
}
includes=$([ "$main" = nginx ] || included)

section includes
printf '%s\n' "$includes"

section cut-by-root
by_root | awk '$1 == "cut" && NF == 2 {print $2}'

section directives
{
  printf '%s\n' "$includes" | cut -f 2
  { apache_files; [ ! -f /etc/apache2/ports.conf ] || echo /etc/apache2/ports.conf; } | tr '\n' '\0' | xargs -0r readlink -f -- | sort -u
  printf '%s\n' "$hidden"
} | tr '\n' '\0' | xargs -0r sh -c 'find "$@" -maxdepth 0 -type f -size -2049b -print0' sh 2>/dev/null |
  # A line that ends in a backslash goes on in the next.
  xargs -0r awk '
    FNR == 1 {held = 0}
    !held {first = FNR; text = ""}
    {text = text $0; held = $0 ~ /\\\r?$/}
    held {next}
    match(text, /^[ \t]*[A-Za-z][A-Za-z0-9_]*([ \t\r]|$)/) {
      name = substr(text, RSTART, RLENGTH); gsub(/[ \t\r]/, "", name); low = tolower(text)
      forbids = low ~ /^[ \t]*rewriterule.*\[(.*,)?[ \t]*(f|forbidden|g|gone|r=4..|redirect=4..)[ \t]*(,.*)?\]/ || low ~ /^[ \t]*redirect(match)?[ \t]+(4|gone)/
      print FILENAME ":" first ":" name (FNR > first ? " ..." : "") (forbids ? " guards" : "")
    }' 2>/dev/null | head -n 5000
