#!/bin/sh
# A WordPress site of a town, as Debian's package has it: below /blog, with its settings in /etc/wordpress. Sixty pages, and
# three plugins; one of them writes down who reads what, and has never thrown a line away.
set -eu
mariadb <<'SQL'
CREATE DATABASE IF NOT EXISTS wordpress CHARACTER SET utf8mb4;
CREATE OR REPLACE USER wordpress@localhost IDENTIFIED BY 'blog';
GRANT ALL ON wordpress.* TO wordpress@localhost;
SQL
cat > /etc/wordpress/config-default.php <<'PHP'
<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'wordpress');
define('DB_PASSWORD', 'blog');
define('DB_HOST', 'localhost');
define('WP_CONTENT_DIR', '/var/lib/wordpress/wp-content');
define('WP_HOME', 'http://' . $_SERVER['HTTP_HOST'] . '/blog');
define('WP_SITEURL', WP_HOME);
define('AUTH_KEY', 'town-1');
define('SECURE_AUTH_KEY', 'town-2');
define('LOGGED_IN_KEY', 'town-3');
define('NONCE_KEY', 'town-4');
define('AUTH_SALT', 'town-5');
define('SECURE_AUTH_SALT', 'town-6');
define('LOGGED_IN_SALT', 'town-7');
define('NONCE_SALT', 'town-8');
PHP
chgrp www-data /etc/wordpress/config-default.php
chmod 640 /etc/wordpress/config-default.php
cat > /etc/wordpress/htaccess <<'CONF'
# BEGIN WordPress
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteBase /blog/
RewriteRule ^index\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /blog/index.php [L]
</IfModule>
# END WordPress
CONF
cat > /etc/apache2/conf-available/wordpress.conf <<'CONF'
Alias /blog/wp-content /var/lib/wordpress/wp-content
Alias /blog /usr/share/wordpress
<Directory /usr/share/wordpress>
	Options FollowSymLinks
	AllowOverride Limit Options FileInfo
	DirectoryIndex index.php
	Require all granted
</Directory>
<Directory /var/lib/wordpress/wp-content>
	Options FollowSymLinks
	Require all granted
</Directory>
CONF

# --- the plugins ----------------------------------------------------------------------------------------
plugins=/var/lib/wordpress/wp-content/plugins
install -d $plugins/reading-time $plugins/popular-pages/includes $plugins/cookie-line
cat > $plugins/reading-time/reading-time.php <<'PHP'
<?php
/*
Plugin Name: Reading time
Description: Says above each text how long it takes to read.
Version: 1.2
*/
add_filter( 'the_content', function ( $content ) {
	if ( ! is_singular() ) {
		return $content;
	}
	$minutes = max( 1, round( str_word_count( wp_strip_all_tags( $content ) ) / 200 ) );
	return '<p class="reading-time">' . esc_html( "Takes $minutes min to read" ) . '</p>' . $content;
} );
PHP
cat > $plugins/cookie-line/cookie-line.php <<'PHP'
<?php
/*
Plugin Name: Cookie line
Description: One line on cookies at the foot of each page.
Version: 0.9
*/
add_action( 'wp_footer', function () {
	if ( empty( $_COOKIE['cookie_line'] ) ) {
		echo '<div id="cookie-line">', esc_html( get_option( 'cookie_line_text', 'This site keeps no cookies.' ) ), '</div>';
	}
} );
PHP
cat > $plugins/popular-pages/popular-pages.php <<'PHP'
<?php
/*
Plugin Name: Popular pages
Description: Keeps track of what is read, and lists the most popular pages.
Version: 2.4.1
*/
require_once __DIR__ . '/includes/log.php';
add_action( 'template_redirect', 'popular_pages_seen' );
add_shortcode( 'popular_pages', 'popular_pages_list' );
PHP
cat > $plugins/popular-pages/includes/log.php <<'PHP'
<?php
function popular_pages_seen() {
	if ( ! is_singular() || is_preview() ) {
		return;
	}
	$seen   = get_option( 'popular_pages_seen', array() );
	$seen[] = array(
		'post'  => get_queried_object_id(),
		'time'  => time(),
		'from'  => isset( $_SERVER['HTTP_REFERER'] ) ? esc_url_raw( wp_unslash( $_SERVER['HTTP_REFERER'] ) ) : '',
		'agent' => isset( $_SERVER['HTTP_USER_AGENT'] ) ? sanitize_text_field( wp_unslash( $_SERVER['HTTP_USER_AGENT'] ) ) : '',
	);
	update_option( 'popular_pages_seen', $seen, 'no' );
}

function popular_pages_list() {
	$count = array_count_values( array_column( get_option( 'popular_pages_seen', array() ), 'post' ) );
	arsort( $count );
	$list = '';
	foreach ( array_slice( array_keys( $count ), 0, 5 ) as $post ) {
		$list .= '<li><a href="' . esc_url( get_permalink( $post ) ) . '">' . esc_html( get_the_title( $post ) ) . '</a></li>';
	}
	return "<ol>$list</ol>";
}
PHP
chown -R www-data: $plugins/reading-time $plugins/popular-pages $plugins/cookie-line

# --- the site -------------------------------------------------------------------------------------------
cat > /root/site.php <<'PHP'
<?php
$_SERVER += array( 'HTTP_HOST' => 'localhost', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/blog/', 'SERVER_PROTOCOL' => 'HTTP/1.1' );
$_SERVER['HTTP_HOST'] = 'localhost';
define( 'WP_INSTALLING', true );
require '/usr/share/wordpress/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter( 'pre_wp_mail', '__return_true' );
wp_install( 'Town', 'clerk', 'clerk@localhost', true, '', 'a-long-phrase' );
update_option( 'permalink_structure', '/%category%/%postname%/' );
update_option( 'active_plugins', array(
	'cookie-line/cookie-line.php',
	'popular-pages/popular-pages.php',
	'reading-time/reading-time.php',
) );
switch_theme( 'twentytwentyone' );
foreach ( range( 1, 12 ) as $number ) {
	wp_insert_post( array(
		'post_title'   => "Council meeting $number",
		'post_content' => str_repeat( "<p>The council met for the $number. time this year, and has agreed on the road.</p>\n", 8 ),
		'post_status'  => 'publish',
	) );
}
$wpdb->query( "INSERT INTO {$wpdb->posts} (post_author, post_date, post_date_gmt, post_modified, post_modified_gmt, post_content,
	post_title, post_excerpt, post_status, post_name, post_type, to_ping, pinged, post_content_filtered)
	SELECT 1, NOW(), NOW(), NOW(), NOW(), CONCAT('<p>What to know about street ', seq, ': parking, waste, trees.</p>'),
	CONCAT('Street ', seq), '', 'publish', CONCAT('street-', seq), 'page', '', '', '' FROM seq_1_to_60" );
// Two years of readers.
$seen = array();
for ( $view = 0; $view < 55000; $view++ ) {
	$seen[] = array(
		'post'  => 4 + $view * 7 % 71,
		'time'  => time() - ( 55000 - $view ) * 1100,
		'from'  => 0 === $view % 3 ? '' : 'https://search.example/?q=street+' . $view % 600,
		'agent' => 'Mozilla/5.0 (X11; Linux x86_64; rv:' . ( 90 + $view % 40 ) . '.0) Gecko/20100101',
	);
}
update_option( 'popular_pages_seen', $seen, 'no' );
PHP
php /root/site.php
rm /root/site.php
a2enconf -q wordpress
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/blog/street-7/ | grep 'What to know about street 7:'
curl -fsS http://localhost/blog/uncategorized/council-meeting-3/ | grep -m 1 'met for the 3. time'
