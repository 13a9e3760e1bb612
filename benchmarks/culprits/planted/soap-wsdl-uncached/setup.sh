#!/bin/sh
# A page asks a partner's SOAP service. PHP would keep the service's description for a day, but a developer's setting forbids it.
set -eu
php=$(ls /etc/php)
cat > /opt/partner <<'PY'
#!/usr/bin/python3
"""The partner: its WSDL is made anew for whoever asks, slowly; its answers are quick."""
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
WSDL = b"""<?xml version="1.0"?>
<definitions name="Rates" targetNamespace="urn:rates" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="urn:rates"
 xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<message name="In"><part name="currency" type="xsd:string"/></message><message name="Out"><part name="rate" type="xsd:float"/></message>
<portType name="Port"><operation name="rate"><input message="tns:In"/><output message="tns:Out"/></operation></portType>
<binding name="Bind" type="tns:Port"><soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>
<operation name="rate"><soap:operation soapAction="urn:rate"/><input><soap:body use="literal" namespace="urn:rates"/></input>
<output><soap:body use="literal" namespace="urn:rates"/></output></operation></binding>
<service name="Rates"><port name="Port" binding="tns:Bind"><soap:address location="http://127.0.0.1:8095/rates"/></port></service>
</definitions>"""
ANSWER = b"""<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<r:rateResponse xmlns:r="urn:rates"><rate>1.0825</rate></r:rateResponse></s:Body></s:Envelope>"""
class Partner(BaseHTTPRequestHandler):
    def answer(self, text):
        self.send_response(200); self.send_header("Content-Type", "text/xml"); self.send_header("Content-Length", len(text)); self.end_headers()
        self.wfile.write(text)
    def do_GET(self): time.sleep(0.45); self.answer(WSDL)
    def do_POST(self): self.rfile.read(int(self.headers["Content-Length"])); self.answer(ANSWER)
    def log_message(self, *_): pass
ThreadingHTTPServer(("127.0.0.1", 8095), Partner).serve_forever()
PY
printf '[Service]\nExecStart=/usr/bin/python3 /opt/partner\n[Install]\nWantedBy=multi-user.target\n' > /etc/systemd/system/partner.service
cat > /var/www/html/rates.php <<'PHP'
<?php
$rates = new SoapClient('http://127.0.0.1:8095/rates?wsdl');
echo '<html><body>One euro is ', $rates->rate('USD'), " dollars.</body></html>\n";
PHP
touch -d '1 day ago' /var/www/html/rates.php
cat > /etc/php/$php/mods-available/soap-dev.ini <<'INI'
; priority=40
soap.wsdl_cache_enabled = 0
INI
phpenmod -v $php -s apache2 soap-dev
systemctl daemon-reload
systemctl enable -q --now partner
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/rates.php | grep 'One euro is 1.0825'
