#!/bin/sh
# A Django site in gunicorn, a service of systemd's, with Apache's mod_proxy_http in front, below /timetable. Apache's connections to
# what is behind it have been made smaller, for the memory's sake.
set -eu
install -d /srv/timetable/timetable
cd /srv/timetable
touch timetable/__init__.py
cat > timetable/settings.py <<'PY'
"""The timetable's settings: no database, no templates."""
SECRET_KEY = "not-a-secret-on-a-throw-away-host"
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = []
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "timetable.urls"
WSGI_APPLICATION = "timetable.wsgi.application"
USE_X_FORWARDED_HOST = True
USE_TZ = True
PY
cat > timetable/wsgi.py <<'PY'
"""What gunicorn loads."""
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timetable.settings")
application = get_wsgi_application()
PY
cat > timetable/urls.py <<'PY'
"""The next train, and the whole year as a table."""
from django.http import HttpResponse
from django.urls import path

STATIONS = ["Harbour", "Market", "Museum", "University", "Hospital", "Airport"]


def row(number):
    at = number * 3 % 1440
    return f"{number};{STATIONS[number % 6]};{STATIONS[(number * 5 + 1) % 6]};{at // 60:02}:{at % 60:02};track {number % 9}\n"


YEAR = "train;from;to;at;track\n" + "".join(row(number) for number in range(1, 280001))


def front(request):
    return HttpResponse("<html><body><p>The next train leaves for the Harbour.</p></body></html>\n")


def year(request):
    return HttpResponse(YEAR, content_type="text/csv; charset=utf-8")


urlpatterns = [path("", front), path("year.csv", year)]
PY
cat > /etc/systemd/system/timetable.service <<'UNIT'
[Unit]
Description=Timetable in gunicorn
After=network.target
[Service]
User=www-data
Group=www-data
WorkingDirectory=/srv/timetable
ExecStart=/usr/bin/gunicorn --workers 2 --bind 127.0.0.1:8400 timetable.wsgi
ExecReload=/bin/kill -s HUP $MAINPID
Restart=on-failure
[Install]
WantedBy=multi-user.target
UNIT
cat > /etc/apache2/conf-available/timetable.conf <<'CONF'
ProxyPass /timetable/ http://127.0.0.1:8400/
ProxyPassReverse /timetable/ http://127.0.0.1:8400/
CONF
cat > /etc/apache2/conf-available/small-buffers.conf <<'CONF'
# The host ran out of memory with 400 connections to what is behind it: no more than this each.
<IfModule mod_proxy.c>
	ProxyReceiveBufferSize 1024
</IfModule>
CONF
a2enmod -q proxy proxy_http
a2enconf -q timetable small-buffers
systemctl daemon-reload
systemctl enable -q --now timetable
apache2ctl configtest
systemctl restart apache2
sleep 2
curl -fsS http://localhost/timetable/ | grep 'The next train leaves'
curl -fsS http://localhost/timetable/year.csv | tail -1 | grep '^280000;'
