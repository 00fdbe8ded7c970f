"""Run the command line as `python -m physiocam`."""

from physiocam.cli import main

if __name__ == "__main__":
    main()
