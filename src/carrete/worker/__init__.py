"""The worker process: receives doorbells, runs tasks, reconciles, and drains on SIGTERM."""
