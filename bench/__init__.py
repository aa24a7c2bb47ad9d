"""What `make bench` measures: Carrete beside what a user would do instead, as ratios of one run."""
