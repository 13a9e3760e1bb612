"""The one imperative shell: lock, survey, baseline, drive the search, confirm, restore, verify; the journal."""
