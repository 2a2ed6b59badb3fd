from simpleflow_steps.executors.local.timers import SWEEP, Alarms


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_alarms_ring_in_the_order_of_their_times_and_of_their_setting():
    clock, rung = Clock(), []
    alarms = Alarms(clock)
    for seconds, name in ((2, "late"), (1, "early"), (2, "last")):
        alarms.set(seconds, lambda name=name: rung.append(name))
    clock.now += 1
    alarms.ring()
    before = list(rung)
    clock.now += 1
    alarms.ring()

    assert (before, rung, len(alarms)) == (["early"], ["early", "late", "last"], 0)


def test_it_tells_how_long_it_is_to_the_next():
    clock = Clock()
    alarms = Alarms(clock)
    none = alarms.seconds_left()
    alarms.set(5, print)
    soon = alarms.set(3, print)
    first = alarms.seconds_left()
    soon.cancel()
    clock.now += 60

    assert (none, first, alarms.seconds_left()) == (None, 3, 0.0)


def test_a_cancelled_alarm_does_not_ring_and_does_not_count():
    clock, rung = Clock(), []
    alarms = Alarms(clock)
    alarm = alarms.set(1, lambda: rung.append(1))
    alarm.cancel()
    alarm.cancel()
    clock.now += 2
    alarms.ring()

    assert (rung, len(alarms), alarms.seconds_left()) == ([], 0, None)


def test_an_alarm_that_rang_cannot_be_cancelled():
    clock = Clock()
    alarms = Alarms(clock)
    rung, waiting = alarms.set(0, lambda: None), alarms.set(9, print)
    alarms.ring()
    rung.cancel()

    assert (len(alarms), waiting.action) == (1, print)


def test_cancelled_alarms_are_swept_out():
    alarms = Alarms(Clock())
    kept = alarms.set(1, print)
    for _ in range(10 * SWEEP):
        alarms.set(1, print).cancel()

    assert len(alarms._heap) <= 2 * SWEEP
    assert (len(alarms), kept.action) == (1, print)


def test_an_alarm_may_set_the_next():
    clock, rung = Clock(), []
    alarms = Alarms(clock)
    alarms.set(0, lambda: alarms.set(0, lambda: rung.append("second")))
    alarms.ring()

    assert rung == ["second"]
