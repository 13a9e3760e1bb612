# What drop-ins of systemd hold the web's servers back by; no value of an environment.

section systemd-settings
grep -D skip -nHE '^[[:space:]]*(CPUQuota|CPUWeight|CPUShares|CPUAffinity|AllowedCPUs|Nice|MemoryHigh|MemoryMax|MemoryLimit|MemorySwapMax|IOWeight|IOReadBandwidthMax|IOWriteBandwidthMax|IOReadIOPSMax|IOWriteIOPSMax|TasksMax|LimitNOFILE|LimitNPROC|LimitAS|IOSchedulingClass|IOSchedulingPriority|CPUSchedulingPolicy)[[:space:]]*=' \
  /etc/systemd/system/apache2.service.d/*.conf /etc/systemd/system/httpd.service.d/*.conf /etc/systemd/system/php*-fpm.service.d/*.conf \
  /etc/systemd/system.control/apache2.service.d/*.conf /etc/systemd/system.control/httpd.service.d/*.conf \
  /etc/systemd/system.control/php*-fpm.service.d/*.conf 2>/dev/null |
  head -n 200 | while IFS= read -r line; do
    ! can_be_held "${line%%:*}" || printf '%s\n' "$line"
  done | sed -E 's/=[^A-Za-z0-9%]*([A-Za-z0-9%./ :-]{1,60}).*/=\1/'
