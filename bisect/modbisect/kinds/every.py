"""All kinds: a new one is a line here, or comes with a package of its own (`foreign.py`)."""

from __future__ import annotations

from modbisect.kinds.apache_conf import ApacheConf
from modbisect.kinds.apache_directive import ApacheDirective
from modbisect.kinds.apache_module import ApacheModule
from modbisect.kinds.apache_site import ApacheSite
from modbisect.kinds.app_known import ComposerFile, DjangoMiddleware, DokuWikiPlugin, MediaWikiExtension, PhpFile
from modbisect.kinds.app_part import AppPart
from modbisect.kinds.app_setting import AppSetting
from modbisect.kinds.foreign import foreign
from modbisect.kinds.fpm_pool import FpmPool
from modbisect.kinds.htaccess import Htaccess
from modbisect.kinds.kind import Kind
from modbisect.kinds.mariadb_variable import MariadbVariable
from modbisect.kinds.nginx_conf import NginxConf
from modbisect.kinds.nginx_directive import NginxDirective
from modbisect.kinds.nginx_module import NginxModule
from modbisect.kinds.php_ini import PhpIni
from modbisect.kinds.php_module import PhpModule
from modbisect.kinds.systemd_setting import SystemdSetting
from modbisect.kinds.wordpress import WordPressDropIn, WordPressMuPlugin, WordPressPlugin, WordPressTheme

_OURS: tuple[Kind, ...] = (
    ApacheModule(),
    ApacheConf(),
    ApacheSite(),
    NginxModule(),
    NginxConf(),
    NginxDirective(),
    PhpModule(),
    PhpIni(),
    FpmPool(),
    ApacheDirective(),
    Htaccess(),
    WordPressPlugin(),
    WordPressMuPlugin(),
    WordPressDropIn(),
    WordPressTheme(),
    AppPart(),
    MediaWikiExtension(),
    DokuWikiPlugin(),
    DjangoMiddleware(),
    ComposerFile(),
    PhpFile(),
    AppSetting(),
    SystemdSetting(),
    MariadbVariable(),
)
KINDS = (*_OURS, *foreign([kind.name for kind in _OURS]))
EXAMPLE = "php-module:xdebug"
"""Of a component's id, for a person."""
BY_NAME = {kind.name: kind for kind in KINDS}
