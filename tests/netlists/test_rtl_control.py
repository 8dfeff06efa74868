"""FIFO, arbiter, encoder, counters, state machine and PWM against Python models."""

import itertools
import random
from collections import deque

import pytest

from tests.netlists.rtl_bench import check


@pytest.mark.parametrize(("width", "address"), [(8, 3), (5, 2)])
def test_sync_fifo(tmp_path, width, address):
    rng = random.Random(1)
    depth, queue = 1 << address, deque()
    seen = set()
    steps, expected = [{"rst": 1}], [{}]
    for cycle in range(500):
        # Mostly filling, then mostly draining, so that both ends are reached.
        fill = 0.75 if cycle // 40 % 2 == 0 else 0.25
        step = {
            "push": int(rng.random() < fill),
            "pop": int(rng.random() < 1 - fill),
            "write_data": rng.getrandbits(width),
            "rst": int(cycle == 333),
        }
        level = len(queue)
        seen.add(level)
        steps.append(step)
        want = {"level": level, "full": int(level == depth), "empty": int(level == 0)}
        if queue:
            want["read_data"] = queue[0]
        expected.append(want)
        if step["rst"]:
            queue.clear()
            continue
        if step["pop"] and level:
            queue.popleft()
        if step["push"] and level < depth:
            queue.append(step["write_data"])
    assert seen == set(range(depth + 1))
    check(
        tmp_path,
        "sync_fifo",
        steps,
        expected,
        inputs={"rst": 1, "push": 1, "pop": 1, "write_data": width},
        outputs={"read_data": width, "level": address + 1, "full": 1, "empty": 1},
        parameters={"WIDTH": width, "ADDR_WIDTH": address},
        needs=["fifo_ctrl"],
        aig_steps=150,
    )


def test_fifo_ctrl(tmp_path):
    rng = random.Random(2)
    head = tail = 0
    steps, expected = [{"rst": 1}], [{}]
    for cycle in range(300):
        fill = 0.8 if cycle // 30 % 2 == 0 else 0.2
        push, pop = int(rng.random() < fill), int(rng.random() < 1 - fill)
        level = head - tail
        steps.append({"push": push, "pop": pop})
        expected.append(
            {
                "write_enable": int(push and level < 8),
                "write_addr": head % 8,
                "read_addr": tail % 8,
                "level": level,
                "full": int(level == 8),
                "empty": int(level == 0),
            }
        )
        head += push and level < 8
        tail += pop and level > 0
    check(
        tmp_path,
        "fifo_ctrl",
        steps,
        expected,
        inputs={"rst": 1, "push": 1, "pop": 1},
        outputs={"write_enable": 1, "write_addr": 3, "read_addr": 3, "level": 4, "full": 1, "empty": 1},
    )


@pytest.mark.parametrize("width", [8, 3])
def test_rr_arbiter_is_fair(tmp_path, width):
    rng = random.Random(3)
    turn = 0  # the place that is asked first
    steps, expected = [{"rst": 1}], [{}]
    for cycle in range(400):
        request = (1 << width) - 1 if cycle < 3 * width else rng.getrandbits(width) & rng.getrandbits(width)
        advance = 1 if cycle < 3 * width else rng.getrandbits(1)
        order = [(turn + k) % width for k in range(width)]
        granted = next((k for k in order if request >> k & 1), None)
        steps.append({"request": request, "advance": advance})
        expected.append({"grant": 0 if granted is None else 1 << granted})
        if advance and granted is not None:
            turn = (granted + 1) % width
    assert [step["grant"] for step in expected[1 : 1 + width]] == [1 << k for k in range(width)]
    check(
        tmp_path,
        "rr_arbiter",
        steps,
        expected,
        inputs={"rst": 1, "request": width, "advance": 1},
        outputs={"grant": width},
        parameters={"WIDTH": width},
    )


@pytest.mark.parametrize("width", [16, 5])
def test_priority_encoder(tmp_path, width):
    rng = random.Random(4)
    steps = [{"request": 1 << k} for k in range(width)]
    steps += [{"request": rng.getrandbits(width) >> rng.randrange(width)} for _ in range(150)] + [{"request": 0}]
    check(
        tmp_path,
        "priority_encoder",
        steps,
        [{"index": max(step["request"].bit_length() - 1, 0), "valid": int(step["request"] != 0)} for step in steps],
        inputs={"request": width},
        outputs={"index": (width - 1).bit_length(), "valid": 1},
        parameters={"WIDTH": width},
        clocked=False,
        aig_steps=180,
    )


@pytest.mark.parametrize("width", [6, 3])
def test_gray_counter(tmp_path, width):
    rng = random.Random(5)
    count, codes = 0, []
    steps, expected = [{"rst": 1}], [{}]
    for _ in range(200):
        enable = int(rng.random() < 0.8)
        codes.append(count ^ count >> 1)
        steps.append({"enable": enable})
        expected.append({"binary": count, "gray": codes[-1]})
        count = (count + enable) % (1 << width)
    assert all((a ^ b).bit_count() <= 1 for a, b in itertools.pairwise(codes))
    assert len(set(codes)) == 1 << width
    check(
        tmp_path,
        "gray_counter",
        steps,
        expected,
        inputs={"rst": 1, "enable": 1},
        outputs={"gray": width, "binary": width},
        parameters={"WIDTH": width},
        aig_steps=100,
    )


def test_sequence_detector(tmp_path):
    rng = random.Random(6)
    history = ""
    steps, expected, found = [{"rst": 1}], [{}], 0
    for cycle in range(400):
        rst, enable, data = int(cycle == 200), int(rng.random() < 0.85), rng.getrandbits(1)
        hit = int(bool(enable) and (history + str(data)).endswith("1011"))
        found += hit
        steps.append({"rst": rst, "enable": enable, "data": data})
        expected.append({"found": hit})
        if rst:
            history = ""
        elif enable:
            history += str(data)
    assert "1011011" in history
    assert found > 10
    check(
        tmp_path,
        "sequence_detector",
        steps,
        expected,
        inputs={"rst": 1, "enable": 1, "data": 1},
        outputs={"found": 1},
        aig_steps=400,
    )


@pytest.mark.parametrize("width", [8, 4])
def test_pwm(tmp_path, width):
    rng = random.Random(7)
    count = period = duty = 0
    settings = {"period": 0, "duty": 0}
    steps, expected = [{"rst": 1}], [{}]
    for _ in range(400):
        if rng.random() < 0.05:
            settings = {"period": rng.randrange(12), "duty": rng.randrange(14)}
        steps.append(settings)
        expected.append({"out": int(count < duty), "period_end": int(count == period)})
        if count == period:
            count, period, duty = 0, settings["period"], settings["duty"]
        else:
            count += 1
    check(
        tmp_path,
        "pwm",
        steps,
        expected,
        inputs={"rst": 1, "period": width, "duty": width},
        outputs={"out": 1, "period_end": 1},
        parameters={"WIDTH": width},
        aig_steps=200,
    )


@pytest.mark.parametrize(("width", "taps"), [(16, 0xB400), (5, 0x14)])
def test_lfsr(tmp_path, width, taps):
    rng = random.Random(8)
    state = 1
    steps, expected = [{"rst": 1}], [{}]
    for cycle in range(200):
        step = {"enable": int(rng.random() < 0.9), "load": int(cycle % 50 == 49), "seed": 0}
        if cycle == 99:
            step["seed"] = rng.getrandbits(width)
        steps.append(step)
        expected.append({"state": state, "bit_out": state & 1})
        if step["load"]:
            state = step["seed"] or 1
        elif step["enable"]:
            state = state >> 1 ^ (taps if state & 1 else 0)
    period, state = 1, 1 >> 1 ^ taps
    while state != 1:
        state = state >> 1 ^ (taps if state & 1 else 0)
        period += 1
    assert period == (1 << width) - 1
    check(
        tmp_path,
        "lfsr",
        steps,
        expected,
        inputs={"rst": 1, "load": 1, "seed": width, "enable": 1},
        outputs={"state": width, "bit_out": 1},
        parameters={"WIDTH": width, "TAPS": taps},
        aig_steps=150,
    )
