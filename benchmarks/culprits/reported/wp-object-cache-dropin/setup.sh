#!/bin/sh
# Debian packages wordpress redis-server; behind setup-base.sh. An object-cache.php drop-in over Redis that keeps nothing
# within the request; the options that WordPress autoloads have grown to some hundred KB, as they do.
set -eu
systemctl enable --now redis-server
cat > /var/www/wp/wp-content/object-cache.php <<'X'
<?php
// Lab drop-in: every call goes to the server; without the PHP module it is a plain array, as such drop-ins do.
final class Lab_Object_Cache {
    private ?object $server = null; private array $plain = [];
    public function __construct() {
        if (class_exists('Redis', false)) { $r = new Redis(); if (@$r->connect('127.0.0.1', 6379, 1.0)) { $this->server = $r; } }
    }
    private function name($k, $g) { return 'wp:' . ($g ?: 'default') . ':' . $k; }
    public function get($k, $g, &$found) {
        $n = $this->name($k, $g);
        if ($this->server === null) { $found = array_key_exists($n, $this->plain); $v = $found ? $this->plain[$n] : false; return is_object($v) ? clone $v : $v; }
        $raw = $this->server->get($n); $found = $raw !== false;
        return $found ? unserialize($raw) : false;
    }
    public function set($k, $v, $g) { $n = $this->name($k, $g); if ($this->server === null) { $this->plain[$n] = is_object($v) ? clone $v : $v; return true; } return $this->server->set($n, serialize($v)); }
    public function del($k, $g) { $n = $this->name($k, $g); if ($this->server === null) { $h = isset($this->plain[$n]); unset($this->plain[$n]); return $h; } return (bool) $this->server->del($n); }
    public function flush() { $this->plain = []; return $this->server === null || $this->server->flushDB(); }
}
function wp_cache_init() { $GLOBALS['wp_object_cache'] = new Lab_Object_Cache(); }
function wp_cache_get($k, $g = '', $force = false, &$found = null) { return $GLOBALS['wp_object_cache']->get($k, $g, $found); }
function wp_cache_set($k, $v, $g = '', $e = 0) { return $GLOBALS['wp_object_cache']->set($k, $v, $g); }
function wp_cache_add($k, $v, $g = '', $e = 0) { $f = false; wp_cache_get($k, $g, false, $f); return $f ? false : wp_cache_set($k, $v, $g); }
function wp_cache_replace($k, $v, $g = '', $e = 0) { $f = false; wp_cache_get($k, $g, false, $f); return $f ? wp_cache_set($k, $v, $g) : false; }
function wp_cache_delete($k, $g = '') { return $GLOBALS['wp_object_cache']->del($k, $g); }
function wp_cache_incr($k, $o = 1, $g = '') { $v = (int) wp_cache_get($k, $g) + $o; wp_cache_set($k, $v, $g); return $v; }
function wp_cache_decr($k, $o = 1, $g = '') { return wp_cache_incr($k, -$o, $g); }
function wp_cache_flush() { return $GLOBALS['wp_object_cache']->flush(); }
function wp_cache_close() { return true; }
function wp_cache_add_global_groups($g) {} function wp_cache_add_non_persistent_groups($g) {} function wp_cache_switch_to_blog($b) {}
X
cat > /root/opts.php <<'X'
<?php $_SERVER['HTTP_HOST']='localhost'; require '/var/www/wp/wp-load.php';
for ($i=0;$i<900;$i++) update_option("layer_setting_$i", ['a'=>range(1,25),'b'=>str_repeat('x',200)], true);
X
php /root/opts.php; chown -R www-data: /var/www/wp; redis-cli flushall; systemctl restart apache2
