#!/bin/sh
# Sessions are kept in MariaDB by a prepended file. The table has a key, but ids are compared without regard to case, by a function:
# the whole table is read for each look-up and each update.
set -eu
php=$(ls /etc/php)
mariadb <<'END'
CREATE DATABASE IF NOT EXISTS visits;
CREATE OR REPLACE USER visits@localhost IDENTIFIED BY 'visits';
GRANT ALL ON visits.* TO visits@localhost;
CREATE OR REPLACE TABLE visits.session (id VARCHAR(64) NOT NULL PRIMARY KEY, data TEXT NOT NULL, seen INT NOT NULL) ENGINE=Aria CHARACTER SET utf8mb4;
USE visits;
INSERT INTO session SELECT MD5(seq), REPEAT('basket|a:0:{}', 8), seq FROM seq_1_to_600000;
END
cat > /var/www/html/basket.php <<'PHP'
<?php
session_start();
$_SESSION['seen'] = ($_SESSION['seen'] ?? 0) + 1;
echo "<html><body>Your basket is empty, visit {$_SESSION['seen']}.</body></html>\n";
PHP
touch -d '1 day ago' /var/www/html/basket.php
cat > /opt/db-sessions.php <<'PHP'
<?php
final class DbSessions implements SessionHandlerInterface
{
    private mysqli $db;
    public function open(string $path, string $name): bool { $this->db = new mysqli('localhost', 'visits', 'visits', 'visits'); return true; }
    public function close(): bool { return $this->db->close(); }
    public function read(string $id): string|false
    {
        $row = $this->db->execute_query('SELECT data FROM session WHERE LOWER(id) = LOWER(?)', [$id])->fetch_row();
        return $row[0] ?? '';
    }
    public function write(string $id, string $data): bool
    {
        $this->db->execute_query('UPDATE session SET data = ?, seen = ? WHERE LOWER(id) = LOWER(?)', [$data, time(), $id]);
        return $this->db->affected_rows > 0
            || $this->db->execute_query('REPLACE INTO session VALUES (?, ?, ?)', [$id, $data, time()]);
    }
    public function destroy(string $id): bool { return $this->db->execute_query('DELETE FROM session WHERE id = ?', [$id]); }
    public function gc(int $age): int|false { return 0; }
}
if (extension_loaded('session')) {
    session_set_save_handler(new DbSessions(), true);
}
PHP
echo 'auto_prepend_file = /opt/db-sessions.php' > /etc/php/$php/apache2/conf.d/45-db-sessions.ini
apache2ctl configtest
systemctl restart apache2
curl -fsS http://localhost/basket.php | grep 'basket is empty'
