# Which applications lie below the web server's folders, by a file that only they have, and in which version. Of a file of
# theirs nothing is told but what looks like a version.
served_by_alias=$(apache_files | tr '\n' '\0' | xargs -0r sed -nE 's/^[[:space:]]*Alias[[:space:]]+[^[:space:]]+[[:space:]]+"?(\/[^"[:space:]]+).*/\1/p' 2>/dev/null)
aliases() { lines "$served_by_alias"; }
served_by_web=$(
  {
    roots | while IFS= read -r root; do printf '%s\n' "$root" "${root%/*}"; done
    aliases
  } | sed 's|/*$||' | grep -xE '(/[A-Za-z0-9_.+-]+)+' | sort -u | head -n 60
)
web_folders() { lines "$served_by_web"; }

section applications
web_folders | while IFS= read -r folder; do
  while IFS='|' read -r name mark file pattern; do
    [ -f "$folder/$mark" ] && [ -f "$folder/$file" ] || continue
    said=$(timeout 2 head -c 131072 -- "$folder/$file" 2>/dev/null | grep -m 1 -oE -- "$pattern" | grep -oE "[0-9][0-9A-Za-z.-]{0,20}['\" <]?$" | tr -d "'\" <")
    printf '%s\t%s\t%s\n' "$name" "$folder" "${said:--}"
  done <<'END_OF_marks'
WordPress|wp-includes/version.php|wp-includes/version.php|wp_version = '[0-9][^']{0,20}'
MediaWiki|includes/Defines.php|includes/Defines.php|'MW_VERSION', '[0-9][^']{0,20}'
DokuWiki|doku.php|VERSION|^[0-9]{4}-[0-9-]+[a-z]?
Drupal|core/lib/Drupal.php|core/lib/Drupal.php|const VERSION = '[0-9][^']{0,20}'
Joomla|administrator/manifests/files/joomla.xml|administrator/manifests/files/joomla.xml|<version>[0-9][^<]{0,20}<
Nextcloud|occ|version.php|OC_VersionString = '[0-9][^']{0,20}'
phpMyAdmin|libraries/classes/Version.php|libraries/classes/Version.php|VERSION = '[0-9][^']{0,20}'
Moodle|lib/moodlelib.php|version.php|release *= '[0-9][0-9.]{0,20}
Magento|bin/magento|composer.json|"version": "[0-9][^"]{0,20}"
Laravel|artisan|artisan|laravel-has-no-version-there
Symfony|bin/console|bin/console|symfony-has-no-version-there
END_OF_marks
done 2>/dev/null | head -n 30
