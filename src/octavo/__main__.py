"""The way in: `octavo` and `python -m octavo`. Ctrl-C is heard from the first moment, also while the rest is being imported."""

import sys


def main() -> None:
    """Runs the command line."""
    try:
        from octavo import cli
    except KeyboardInterrupt:
        print("octavo: interrupted; nothing was made", file=sys.stderr)
        sys.exit(1)
    cli.main()


if __name__ == "__main__":
    main()
