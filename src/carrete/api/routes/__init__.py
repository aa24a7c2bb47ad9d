"""Route functions, and for each file one ``add_routes`` that gives them their paths."""
