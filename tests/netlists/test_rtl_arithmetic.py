"""ALU, shifts, counts, conversions, and the multiply-accumulate designs against Python's integers."""

import random

import pytest

from tests.netlists.rtl_bench import check, signed


def alu(op: int, a: int, b: int, width: int) -> dict[str, int]:
    mask, top = (1 << width) - 1, width - 1
    carry = overflow = 0
    amount = b % width
    if op in (0, 1):
        addend = b if op == 0 else -signed(b, width)
        exact = signed(a, width) + (signed(b, width) if op == 0 else addend)
        result = exact & mask
        carry = int(a + b > mask) if op == 0 else int(a >= b)
        overflow = int(exact != signed(result, width))
    elif op < 12:
        result = [
            None,
            None,
            a & b,
            a | b,
            a ^ b,
            ~(a | b) & mask,
            int(signed(a, width) < signed(b, width)),
            int(a < b),
            a << amount & mask,
            a >> amount,
            signed(a, width) >> amount & mask,
            b,
        ][op]
    else:
        result = 0
    return {
        "result": result,
        "zero": int(result == 0),
        "negative": result >> top,
        "carry": carry,
        "overflow": overflow,
    }


@pytest.mark.parametrize("width", [16, 8])
def test_alu(tmp_path, width):
    rng = random.Random(width)
    edges = [0, 1, (1 << width) - 1, 1 << (width - 1), (1 << (width - 1)) - 1]
    steps = [{"op": op, "a": a, "b": b} for op in range(16) for a in edges for b in edges]
    steps += [{"op": rng.randrange(16), "a": rng.getrandbits(width), "b": rng.getrandbits(width)} for _ in range(400)]
    rng.shuffle(steps)
    check(
        tmp_path,
        "alu",
        steps,
        [alu(step["op"], step["a"], step["b"], width) for step in steps],
        inputs={"op": 4, "a": width, "b": width},
        outputs={"result": width, "zero": 1, "negative": 1, "carry": 1, "overflow": 1},
        parameters={"WIDTH": width},
        clocked=False,
        aig_steps=200,
    )


@pytest.mark.parametrize("width", [16, 8])
def test_barrel_rotator(tmp_path, width):
    rng = random.Random(2)
    bits = width.bit_length() - 1
    steps = [
        {"data": rng.getrandbits(width), "amount": amount, "right": right}
        for amount in range(width)
        for right in (0, 1)
        for _ in range(3)
    ]
    expected = []
    for step in steps:
        left = -step["amount"] % width if step["right"] else step["amount"]
        doubled = step["data"] << left
        expected.append({"result": (doubled | doubled >> width) & ((1 << width) - 1)})
    check(
        tmp_path,
        "barrel_rotator",
        steps,
        expected,
        inputs={"data": width, "amount": bits, "right": 1},
        outputs={"result": width},
        parameters={"WIDTH": width},
        clocked=False,
        aig_steps=96,
    )


@pytest.mark.parametrize("width", [32, 7])
def test_popcount(tmp_path, width):
    rng = random.Random(3)
    steps = [{"data": value} for value in (0, (1 << width) - 1, *(rng.getrandbits(width) for _ in range(100)))]
    check(
        tmp_path,
        "popcount",
        steps,
        [{"count": step["data"].bit_count()} for step in steps],
        inputs={"data": width},
        outputs={"count": width.bit_length()},
        parameters={"WIDTH": width},
        clocked=False,
    )


@pytest.mark.parametrize(("width", "digits"), [(10, 4), (4, 2)])
def test_bin2bcd_of_every_number(tmp_path, width, digits):
    numbers = range(1 << width)
    check(
        tmp_path,
        "bin2bcd",
        [{"binary": n} for n in numbers],
        [{"bcd": int(str(n), 16)} for n in numbers],  # decimal digits read as hexadecimal ones
        inputs={"binary": width},
        outputs={"bcd": 4 * digits},
        parameters={"WIDTH": width, "DIGITS": digits},
        clocked=False,
        aig_steps=1024,
    )


def test_sobel(tmp_path):
    rng = random.Random(4)
    flat = [[255] * 9, [0, 0, 0, 0, 0, 0, 255, 255, 255], [0, 0, 9, 0, 0, 9, 0, 0, 9]]
    windows = flat + [[rng.randrange(1 << rng.randrange(1, 9)) for _ in range(9)] for _ in range(120)]
    steps, expected = [{"rst": 1}], [{}]
    held = {"valid_out": 0, "edge_strength": 0}
    for window in windows:
        valid = rng.getrandbits(1)
        steps.append({"valid_in": valid, "window": sum(p << 8 * k for k, p in enumerate(window))})
        expected.append(held)
        (a, b, c), (d, _, f), (g, h, i) = window[:3], window[3:6], window[6:]
        gx, gy = (c + 2 * f + i) - (a + 2 * d + g), (g + 2 * h + i) - (a + 2 * b + c)
        held = {"valid_out": valid, "edge_strength": min(255, abs(gx) + abs(gy))}
    check(
        tmp_path,
        "sobel",
        steps,
        expected,
        inputs={"rst": 1, "valid_in": 1, "window": 72},
        outputs={"valid_out": 1, "edge_strength": 8},
    )


@pytest.mark.parametrize(("taps", "packed"), [([-1, 9, 9, -1], None), ([5, -32, 31, 0, 7], 6)])
def test_fir_is_a_convolution(tmp_path, taps, packed):
    rng = random.Random(5)
    width, growth = 8, (len(taps) - 1).bit_length()
    out_width = width + 6 + growth
    samples: list[int] = []
    steps, expected = [{"rst": 1}], [{}]
    for cycle in range(150):
        rst, enable = int(cycle == 70), int(rng.random() < 0.8)
        x = rng.choice([-128, 127, rng.randrange(-128, 128)])
        steps.append({"rst": rst, "enable": enable, "x": x})
        y = sum(c * samples[-1 - k] for k, c in enumerate(taps) if k < len(samples))
        expected.append({"y": y & ((1 << out_width) - 1)})
        samples = [] if rst else samples + [x] * enable
    parameters = {}
    if packed:
        parameters = {"TAPS": len(taps), "COEFFICIENTS": sum((c & 63) << 6 * k for k, c in enumerate(taps))}
    check(
        tmp_path,
        "fir",
        steps,
        expected,
        inputs={"rst": 1, "enable": 1, "x": width},
        outputs={"y": out_width},
        parameters=parameters,
    )


@pytest.mark.parametrize("n", [2, 4])
def test_mac_array_multiplies_matrices(tmp_path, n):
    rng = random.Random(6)
    acc, mask = 20, (1 << 20) - 1
    steps, expected = [{"rst": 1}], [{}]
    total = [[0] * n for _ in range(n)]

    def packed(matrix):
        return sum((value & mask) << acc * (n * i + j) for i, row in enumerate(matrix) for j, value in enumerate(row))

    for _ in range(12):
        a = [[rng.choice([-128, 127, rng.randrange(-128, 128)]) for _ in range(n)] for _ in range(n)]
        b = [[rng.choice([-128, 127, rng.randrange(-128, 128)]) for _ in range(n)] for _ in range(n)]
        for k in range(n):
            column, row = [a[i][k] for i in range(n)], b[k]
            if rng.random() < 0.3:  # a pause changes nothing
                steps.append({"a": rng.getrandbits(8 * n), "clear": 1})
                expected.append({"c": packed(total)})
            steps.append(
                {
                    "enable": 1,
                    "clear": int(k == 0),
                    "a": sum((v & 255) << 8 * i for i, v in enumerate(column)),
                    "b": sum((v & 255) << 8 * j for j, v in enumerate(row)),
                }
            )
            expected.append({"c": packed(total)})
            old = [[0] * n for _ in range(n)] if k == 0 else total
            total = [[old[i][j] + column[i] * row[j] for j in range(n)] for i in range(n)]
        assert total == [[sum(a[i][k] * b[k][j] for k in range(n)) for j in range(n)] for i in range(n)]
    steps.append({})
    expected.append({"c": packed(total)})
    check(
        tmp_path,
        "mac_array",
        steps,
        expected,
        inputs={"rst": 1, "enable": 1, "clear": 1, "a": 8 * n, "b": 8 * n},
        outputs={"c": acc * n * n},
        parameters={"N": n},
        aig_steps=30,
    )


@pytest.mark.parametrize("refractory", [3, 0])
def test_lif_neuron(tmp_path, refractory):
    rng = random.Random(7)
    v = resting = spike = 0
    spikes = 0
    steps, expected = [{"rst": 1}], [{}]
    for cycle in range(600):
        # Strong drive, then strong inhibition to the lower end of the range, then noise.
        current = [rng.randrange(200, 2048), -2048, rng.randrange(-2048, 2048)][cycle // 200]
        enable = int(rng.random() < 0.9)
        steps.append({"enable": enable, "current": current})
        expected.append({"v": v & 0xFFFF, "spike": spike})
        if not enable:
            continue
        spike = 0
        if resting:
            resting -= 1
            continue
        potential = v - (v >> 4) + current
        if potential >= 4000:
            v, spike, resting, spikes = 0, 1, refractory, spikes + 1
        else:
            v = max(-32768, min(32767, potential))
    assert spikes > 10
    check(
        tmp_path,
        "lif_neuron",
        steps,
        expected,
        inputs={"rst": 1, "enable": 1, "current": 12},
        outputs={"v": 16, "spike": 1},
        parameters={"REFRACTORY": refractory},
        aig_steps=100,
    )
