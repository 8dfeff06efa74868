"""`python -m hwdesign`: the same as the `hwdesign` command."""

import sys

from hwdesign.cli import main

if __name__ == "__main__":
    sys.exit(main())
