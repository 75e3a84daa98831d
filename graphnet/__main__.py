"""``python -m graphnet``: the command line."""

from graphnet.cli import main

if __name__ == "__main__":
    main()
