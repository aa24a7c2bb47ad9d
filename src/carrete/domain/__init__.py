"""What Carrete decides: pure, frozen, standard library only. Nothing here does I/O."""
