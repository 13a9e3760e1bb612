#!/bin/sh
# Plants mod_security with the core rules: a form of hundreds of fields is slow. Run after shop.sh.
set -eu

cat > /etc/modsecurity/modsecurity.conf <<'CONF'
SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 134217728
SecResponseBodyAccess Off
SecTmpDir /tmp
SecDataDir /tmp
SecAuditEngine Off
# A staging host: score what the core rules find and let it pass.
SecAction "id:900110,phase:1,nolog,pass,t:none,setvar:tx.inbound_anomaly_score_threshold=1000"
CONF
a2enmod -q security2
apache2ctl configtest
systemctl restart apache2
curl -fsS --fail-early -o /dev/null http://localhost/ -o /dev/null http://localhost/items/12
