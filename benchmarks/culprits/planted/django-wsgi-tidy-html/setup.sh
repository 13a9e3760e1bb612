#!/bin/sh
# A Django site below /depot: mod_wsgi's daemon mode, SQLite, nine lines in MIDDLEWARE of which three are its own. A page lists all
# that is in the depot.
set -eu
install -d /srv/depot/depot /srv/depot/stock/migrations /srv/depot/stock/templates/stock /srv/depot/data
cd /srv/depot
touch depot/__init__.py stock/__init__.py stock/migrations/__init__.py
cat > manage.py <<'PY'
#!/usr/bin/python3
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "depot.settings")
execute_from_command_line(sys.argv)
PY
cat > depot/settings.py <<'PY'
"""The depot's settings."""
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "not-a-secret-on-a-throw-away-host"
DEBUG = False
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "stock",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "depot.middleware.RequestNumberMiddleware",
    "depot.markup.TidyMarkupMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "depot.middleware.DepotNoticeMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "depot.urls"
WSGI_APPLICATION = "depot.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "data" / "depot.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "static/"
PY
cat > depot/wsgi.py <<'PY'
"""What mod_wsgi loads."""
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "depot.settings")
application = get_wsgi_application()
PY
cat > depot/urls.py <<'PY'
"""Two pages."""
from django.urls import path

from stock import views

urlpatterns = [
    path("", views.front),
    path("parts/", views.parts),
]
PY
cat > depot/middleware.py <<'PY'
"""Small things that all pages have."""
import uuid


class RequestNumberMiddleware:
    """A number for each request, for the log and the answer."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.number = request.headers.get("X-Request-Id") or uuid.uuid4().hex
        response = self.get_response(request)
        response["X-Request-Id"] = request.number
        return response


class DepotNoticeMiddleware:
    """Which depot it is, for the templates."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.depot = "North"
        return self.get_response(request)
PY
cat > depot/markup.py <<'PY'
"""Pages without superfluous blanks and comments."""
import re

from bs4 import BeautifulSoup, Comment, Doctype

BLANKS = re.compile(r"\s+")
AS_IS = {"pre", "textarea", "script", "style"}


class TidyMarkupMiddleware:
    """Reads each HTML page as a browser would, and writes it anew, smaller."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
            return response
        page = BeautifulSoup(response.content, "html5lib")
        for text in page.find_all(string=True):
            if isinstance(text, Comment):
                text.extract()
            elif not isinstance(text, Doctype) and text.parent.name not in AS_IS:
                text.replace_with(BLANKS.sub(" ", text))
        response.content = str(page)
        if response.has_header("Content-Length"):
            response["Content-Length"] = str(len(response.content))
        return response
PY
cat > stock/models.py <<'PY'
"""What is in the depot."""
from django.db import models


class Part(models.Model):
    name = models.CharField(max_length=80)
    shelf = models.CharField(max_length=10)
    pieces = models.IntegerField()
PY
cat > stock/views.py <<'PY'
"""The front page and the list."""
from django.shortcuts import render

from .models import Part


def front(request):
    return render(request, "stock/front.html", {"count": Part.objects.count()})


def parts(request):
    return render(request, "stock/parts.html", {"parts": Part.objects.order_by("id").values_list("name", "shelf", "pieces")})
PY
cat > stock/templates/stock/front.html <<'END'
<!DOCTYPE html>
<html><head><title>Depot {{ request.depot }}</title></head>
<body><h1>Depot</h1>
<p>{{ count }} parts are listed <a href="parts/">here</a>.</p></body></html>
END
cat > stock/templates/stock/parts.html <<'END'
<!DOCTYPE html>
<html><head><title>Parts</title></head>
<body><h1>Parts of the depot</h1>
<table>
<!-- name, shelf, pieces -->
{% for part in parts %}    <tr>
        <td>{{ part.0 }}</td>
        <td>{{ part.1 }}</td>
        <td>{{ part.2 }}</td>
    </tr>
{% endfor %}</table></body></html>
END
python3 manage.py makemigrations stock
python3 manage.py migrate
python3 manage.py shell <<'PY'
from stock.models import Part
Part.objects.bulk_create([Part(name=f"Valve {number}", shelf=f"S{number % 41}", pieces=number * 7 % 90) for number in range(1, 1201)])
PY
chown -R www-data: data
cat > /etc/apache2/conf-available/depot.conf <<'CONF'
WSGIDaemonProcess depot processes=2 threads=4 python-path=/srv/depot display-name=%{GROUP}
WSGIScriptAlias /depot /srv/depot/depot/wsgi.py process-group=depot application-group=%{GLOBAL}
<Directory /srv/depot/depot>
	<Files wsgi.py>
		Require all granted
	</Files>
</Directory>
CONF
a2enmod -q wsgi
a2enconf -q depot
apache2ctl configtest
systemctl restart apache2
sleep 1
curl -fsS http://localhost/depot/ | grep '1200 parts are listed'
curl -fsS http://localhost/depot/parts/ > /root/page
grep -o 'Parts of the depot' /root/page
