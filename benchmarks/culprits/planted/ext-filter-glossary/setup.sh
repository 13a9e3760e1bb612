#!/bin/sh
# A glossary that links words in finished pages: an external program, started anew for each page.
set -eu
install -d /opt/glossary
python3 - <<'PY'
import random
random.seed(4)
parts = "ba co du fe gi ho ju ka le mi no pu ra se ti vo wa xe yo zu".split()
words = {"".join(random.choice(parts) for _ in range(random.randint(3, 5))) for _ in range(2600)}
open("/opt/glossary/terms.txt", "w").write("\n".join(sorted(words)) + "\nItem\nprices\nstock\n")
PY
cat > /opt/glossary/link-terms <<'PY'
#!/usr/bin/python3
"""Reads a page, writes it with the glossary's terms linked."""
import re
import sys

terms = [re.compile(r"(?i)\b(%s)(s|es)?\b(?![^<]*>)" % re.escape(line.strip())) for line in open("/opt/glossary/terms.txt")]
page = sys.stdin.buffer.read().decode("utf-8", "replace")
for term in terms:
    page = term.sub(r'<a class="term">\1\2</a>', page, count=1)
sys.stdout.buffer.write(page.encode())
PY
chmod 755 /opt/glossary/link-terms
cat > /etc/apache2/conf-available/glossary.conf <<'CONF'
<IfModule mod_ext_filter.c>
	ExtFilterDefine glossary mode=output intype=text/html cmd="/opt/glossary/link-terms"
	<LocationMatch "^/(items/|stock\.php|catalogue\.php)">
		SetOutputFilter glossary
	</LocationMatch>
</IfModule>
CONF
a2enconf -q glossary
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/catalogue.php | grep 'class="term"'
