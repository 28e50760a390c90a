"""`etl` with three times as many photos from Mars in its simulator: `python -m tests.bench.crowded simulate mars`."""

from etl.cli.main import main
from etl.sources.mars import simulator
from etl.sources.mars.sols import Rover

TIMES = 3
usual = simulator.photos_of


def photos_of(rover: Rover, sol: int) -> int:
    """How many a sol has."""
    return TIMES * usual(rover, sol)


if __name__ == "__main__":
    simulator.photos_of = photos_of
    main()
