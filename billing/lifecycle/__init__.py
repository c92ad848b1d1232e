"""What time brings: reminders, read-only, suspension, archive and deletion, each told before it comes."""
