#!/bin/sh
# Plants a pair: mod_security alone is quick, and so is the conf `upload-inspection` alone; an upload that meets
# both is very slow. Run after shop.sh.
set -eu

cat > /etc/modsecurity/modsecurity.conf <<'END'
SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 134217728
SecRequestBodyInMemoryLimit 134217728
SecResponseBodyAccess Off
SecPcreMatchLimit 100000
SecPcreMatchLimitRecursion 100000
SecTmpDir /tmp
SecDataDir /tmp
SecAuditEngine Off
# A staging host: score what the core rules find and let it pass.
SecAction "id:900110,phase:1,nolog,pass,t:none,setvar:tx.inbound_anomaly_score_threshold=1000"
END
cat > /etc/apache2/conf-available/upload-inspection.conf <<'END'
# Looks for web shells in the raw body of uploads. To offer it to rules at all, mod_security copies what it
# has of the body again at each piece that arrives; and the pattern is tried anew from every byte.
<IfModule security2_module>
	SecStreamInBodyInspection On
	SecRule STREAM_INPUT_BODY "@rx (?si).{0,400}(?:c99|r57|b374k|wso)\s?shell" "id:990001,phase:2,deny,status:403"
</IfModule>
END
a2enmod -q security2
a2enconf -q upload-inspection
apache2ctl configtest
systemctl restart apache2

expect() {
	text=$1
	shift
	curl -fsS "$@" | grep -q "$text" && return
	echo "the site does not answer '$text' to: curl $*" >&2
	exit 1
}
expect 'All items' http://localhost/
head -c 100000 /dev/urandom |
	expect 'stored check.bin (100000 bytes)' -F 'file=@-;filename=check.bin' http://localhost/upload
