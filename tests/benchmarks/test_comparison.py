import pytest

from benchmarks.comparison import Comparison, Spread, compare


def test_two_things_take_turns():
    order = []

    def ours():
        order.append("ours")
        return 2.0

    def theirs():
        order.append("theirs")
        return 1.0

    compared = compare(ours, theirs, 3)

    assert order == ["ours", "theirs"] * 3
    assert compared == Comparison((2.0, 2.0, 2.0), (1.0, 1.0, 1.0))


def test_ratios_are_of_pairs_so_that_what_slows_both_does_not_count():
    compared = Comparison((2.0, 20.0, 200.0), (1.0, 10.0, 100.0))

    assert compared.slower == Spread(2.0, 2.0, 2.0)
    assert compared.faster == Spread(0.5, 0.5, 0.5)
    assert compared.against(lambda seconds: 4 * seconds) == Spread(0.5, 0.5, 0.5)


def test_the_noise_is_how_far_the_floors_own_times_lie_apart():
    assert Comparison((1.0, 1.0, 1.0), (0.9, 1.0, 1.1)).noise == pytest.approx(0.2)


def test_a_spread_is_the_median_with_its_quartiles():
    assert Spread.of((1.0, 2.0, 3.0, 4.0, 100.0)) == Spread(2.0, 3.0, 4.0)
    assert Spread.of((1.0, 3.0)) == Spread(1.0, 2.0, 3.0)
    assert Spread.of((7.0,)) == Spread(7.0, 7.0, 7.0)
