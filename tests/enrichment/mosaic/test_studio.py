"""What is kept of people's pictures, how long, and how many at a time."""

import threading

import pytest

from enrichment.mosaic import studio as studio_module
from enrichment.mosaic.errors import BusyError, UnknownError
from enrichment.mosaic.gate import Gate
from enrichment.mosaic.studio import KEPT_MATCHES, KEPT_PICTURES, KEPT_S, KEPT_SIDE, Studio, Wanted
from tests.enrichment.mosaic.pictures import atlas_of_noise, encoded, noise

PICTURE = encoded(noise(5, 800, 300))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_picture_is_forgotten_after_ten_minutes() -> None:
    clock = Clock()
    studio = Studio(atlas_of_noise(9), clock=clock)
    name = studio.add(PICTURE)
    clock.now = KEPT_S - 1
    assert studio.picture(name).size == (KEPT_SIDE, 144)
    clock.now = KEPT_S
    with pytest.raises(UnknownError, match="no longer"):
        studio.picture(name)
    assert studio.picture("galaxy")


def test_a_picture_is_forgotten_when_one_says_so() -> None:
    studio = Studio(atlas_of_noise(9))
    name = studio.add(PICTURE)
    studio.forget(name)
    with pytest.raises(UnknownError):
        studio.mosaic(name, Wanted())


def test_the_oldest_picture_makes_room() -> None:
    studio = Studio(atlas_of_noise(9))
    small = encoded(noise(5, 20, 10))
    names = [studio.add(small) for _ in range(KEPT_PICTURES + 1)]
    with pytest.raises(UnknownError):
        studio.picture(names[0])
    assert studio.picture(names[1])
    assert len(set(names)) == len(names)


def test_a_mosaic_is_made_once_however_often_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = studio_module.match
    monkeypatch.setattr(studio_module, "match", lambda *given: made.append(given) or real(*given))
    studio = Studio(atlas_of_noise(30))
    askers = [threading.Thread(target=studio.mosaic, args=("galaxy", Wanted(longer=16))) for _ in range(6)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    studio.mosaic("galaxy", Wanted(longer=16, shift=0.1))
    assert len(made) == 1
    for radius in range(KEPT_MATCHES):
        studio.mosaic("galaxy", Wanted(longer=8, radius=radius))
    studio.mosaic("galaxy", Wanted(longer=16))
    assert len(made) == KEPT_MATCHES + 2


def test_who_comes_when_too_many_wait_is_told_so() -> None:
    gate = Gate(at_once=1, waiting=0)
    with gate.entered(), pytest.raises(BusyError), gate.entered():
        pass
    with gate.entered():
        pass
