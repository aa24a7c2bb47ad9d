"""``python -m carrete`` is ``carrete``."""

from carrete.cli.main import main

if __name__ == "__main__":
    main()
