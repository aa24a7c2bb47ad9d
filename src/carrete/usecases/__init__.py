"""What Carrete does, one verb a module. Use cases know ports and the domain, nothing else."""
