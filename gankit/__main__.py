"""`python -m gankit`: the command, if its script is not on the path."""

from gankit.cli import main

if __name__ == "__main__":
    main()
