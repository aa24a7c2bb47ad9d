"""PostgreSQL, the truth about every account, video, task and event."""
