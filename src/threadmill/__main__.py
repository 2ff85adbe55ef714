"""`python -m threadmill`: see `threadmill.cli`."""

import sys

from threadmill.cli import main

if __name__ == "__main__":
    sys.exit(main())
