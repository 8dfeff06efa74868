"""UART, SPI and CRC designs against Python models."""

import random
import zlib

import pytest

from tests.netlists.rtl_bench import check


def frame(byte: int, divisor: int, stop: int = 1) -> list[int]:
    bits = [0, *(byte >> k & 1 for k in range(8)), stop]
    return [bit for bit in bits for _ in range(divisor)]


@pytest.mark.parametrize("divisor", [16, 3])
def test_uart_tx(tmp_path, divisor):
    rng = random.Random(1)
    steps, expected = [{"rst": 1}], [{}]
    for byte in (0x00, 0xFF, 0xA5, rng.getrandbits(8)):
        for _ in range(rng.randrange(4)):
            steps.append({"data": rng.getrandbits(8)})
            expected.append({"tx": 1, "ready": 1})
        steps.append({"valid": 1, "data": byte})
        expected.append({"tx": 1, "ready": 1})
        for level in frame(byte, divisor):
            # A byte offered while another is sent is not taken.
            steps.append({"valid": rng.getrandbits(1), "data": rng.getrandbits(8)})
            expected.append({"tx": level, "ready": 0})
        steps.append({})
        expected.append({"tx": 1, "ready": 1})
    check(
        tmp_path,
        "uart_tx",
        steps,
        expected,
        inputs={"rst": 1, "valid": 1, "data": 8},
        outputs={"tx": 1, "ready": 1},
        parameters={"DIVISOR": divisor},
        aig_steps=400,
    )


@pytest.mark.parametrize("divisor", [16, 5])
def test_uart_rx(tmp_path, divisor):
    rng = random.Random(2)
    line, events = [1] * 4, {}
    for byte, stop in [(0x00, 1), (0xFF, 1), (0x5A, 0), (rng.getrandbits(8), 1), (0xC3, 1)]:
        start = len(line)
        # Two cycles of synchroniser, one to leave IDLE, half a bit to the middle of the start bit, nine bits, one
        # cycle of register.
        at = start + 2 + 1 + divisor // 2 + 9 * divisor
        events[at] = (byte, stop)
        line += frame(byte, divisor, stop) + [1] * rng.randrange(divisor, 2 * divisor)
        if byte == 0xFF:
            line += [0] * (divisor // 2 - 1) + [1] * divisor  # noise, too short for a start bit
    steps = [{"rst": 1, "rx": 1}] + [{"rx": bit} for bit in line]
    expected = [{}]
    for cycle in range(len(line)):
        byte, stop = events.get(cycle, (None, None))
        want = {"valid": int(stop == 1), "framing_error": int(stop == 0)}
        expected.append(want | ({"data": byte} if stop == 1 else {}))
    assert sum(step.get("valid", 0) for step in expected) == 4
    check(
        tmp_path,
        "uart_rx",
        steps,
        expected,
        inputs={"rst": 1, "rx": 1},
        outputs={"valid": 1, "framing_error": 1, "data": 8},
        parameters={"DIVISOR": divisor},
        aig_steps=600,
    )


@pytest.mark.parametrize(("width", "divisor"), [(8, 2), (12, 1)])
def test_spi_master(tmp_path, width, divisor):
    rng = random.Random(3)
    idle = {"cs_n": 1, "ready": 1, "sclk": 0, "done": 0}
    steps, expected = [{"rst": 1}, {}], [{}, {**idle, "received": 0}]
    for _ in range(6):
        out_word, in_word = rng.getrandbits(width), rng.getrandbits(width)
        steps.append({"valid": 1, "data": out_word})
        expected.append(idle)
        for k in reversed(range(width)):
            for sclk in (0, 1):
                for _ in range(divisor):
                    steps.append(
                        {"miso": in_word >> k & 1, "valid": rng.getrandbits(1), "data": rng.getrandbits(width)}
                    )
                    expected.append({"cs_n": 0, "ready": 0, "sclk": sclk, "mosi": out_word >> k & 1, "done": 0})
        steps.append({})
        expected.append({**idle, "done": 1, "received": in_word})
        for _ in range(rng.randrange(3)):
            steps.append({"miso": rng.getrandbits(1)})
            expected.append({**idle, "received": in_word})
    check(
        tmp_path,
        "spi_master",
        steps,
        expected,
        inputs={"rst": 1, "valid": 1, "data": width, "miso": 1},
        outputs={"ready": 1, "received": width, "done": 1, "sclk": 1, "mosi": 1, "cs_n": 1},
        parameters={"WIDTH": width, "DIVISOR": divisor},
        aig_steps=120,
    )


@pytest.mark.parametrize(("top", "width"), [("crc32_serial", 1), ("crc32_parallel", 8), ("crc32_parallel", 32)])
def test_crc32(tmp_path, top, width):
    rng = random.Random(4)
    message = b"123456789abc" + rng.randbytes(24)
    bits = int.from_bytes(message, "little")
    taken = 0
    steps, expected = [{"rst": 1}], [{}]
    while taken < 8 * len(message):
        enable = int(rng.random() < 0.8)
        want = {"crc": zlib.crc32(message[: taken // 8])} if taken % 8 == 0 else {}
        steps.append({"enable": enable, "data": bits >> taken})
        expected.append(want)
        taken += width * enable
    steps.append({})
    expected.append({"crc": zlib.crc32(message)})
    check(
        tmp_path,
        top,
        steps,
        expected,
        inputs={"rst": 1, "enable": 1, "data": width},
        outputs={"crc": 32},
        parameters={"WIDTH": width} if top == "crc32_parallel" else {},
    )
