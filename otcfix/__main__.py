"""python -m otcfix: the same as the command otcfix."""

from otcfix.cli import main

if __name__ == "__main__":
    main()
