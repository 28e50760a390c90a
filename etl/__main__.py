"""`python -m etl`, the same as the console command `etl`."""

from etl.cli.main import main

if __name__ == "__main__":
    main()
