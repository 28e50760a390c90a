"""Warns, then runs k8s.installer."""

import sys

from k8s.installer.__main__ import main

if __name__ == "__main__":
    print("warning: `python -m k8s.platform` is now `python -m k8s.installer`.", file=sys.stderr)
    main()
