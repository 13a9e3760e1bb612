# What is told of the words of a server's configuration test: the file, the line and the sort of the error. The words of
# the configuration itself stay on the host: who may only ask for a test must not read by it what root alone may read.
told() {
  awk '
    function sort_of(text) {
      if (text ~ /unknown directive/) return "an unknown directive, perhaps of a module that is not loaded"
      if (text ~ /Invalid command/)
        return "Invalid command, perhaps misspelled or defined by a module not included in the server configuration"
      if (match(text, /[A-Za-z0-9_.+-]+\.so into server/)) return "Cannot load " substr(text, RSTART, RLENGTH)
      if (text ~ /not allowed (here|in|within)/) return "a directive is not allowed here"
      if (text ~ /(takes|requires|needs|must (have|be)|argument)/) return "wrong arguments of a directive"
      if (text ~ /(not closed|without matching|[Ee]xpected <\/)/) return "a section is not closed"
      if (text ~ /([Cc]ould not open|[Nn]o such file|does not exist)/) return "a file cannot be opened"
      return ""
    }
    $0 == "Syntax OK" {print; next}
    # "nginx: [emerg] WORDS in FILE:LINE", and behind its error_log "DATE TIME [emerg] 12#12: WORDS in FILE:LINE"
    /^(nginx: |[0-9]+\/[0-9]+\/[0-9]+ [0-9:]+ \[)/ {
      where = match($0, /\/[A-Za-z0-9_.\/+-]+:[0-9]+$/) ? " in " substr($0, RSTART) : ""
      if (/^[^[]* \[emerg\] /) print "nginx: " (sort_of($0) == "" ? "an error" : sort_of($0)) where
      next
    }
    {
      rest = $0; where = ""; code = ""
      if (match(rest, /AH[0-9][0-9][0-9][0-9][0-9]: /)) {code = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)}
      while (match(rest, /Syntax error on line [0-9]+ of [^:]+:/)) {
        where = where substr(rest, RSTART, RLENGTH) " "; rest = substr(rest, RSTART + RLENGTH)
      }
      sort = sort_of(rest)
      if (where != "" && rest ~ /^[ \t]*$/) {printf "%s", code where; open = 1; next}
      if (where == "" && !open && code == "" && sort == "") next
      if (code ~ /AH00(558|112|548)/) next   # warnings
      print code where (sort == "" ? "an error that only a test on the host itself shows" : sort)
      open = 0
    }
    END {if (open) print "an error that only a test on the host itself shows"}'
}
