"""Looking into compiled programs: sanitizer, profile, listings."""
