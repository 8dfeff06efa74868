"""Networks whose currents were set by hand."""

from hwdesign.sfq.network import Coding, Layer, Network

PATTERNS = [[0, 0], [0, 1], [1, 0], [1, 1]]
XOR = [0, 1, 1, 0]
PASS, BLOCK = 140.0, 40.0


def xor(*, full: bool = False, pulses: int = 4) -> Network:
    """Rails a, b, not a, not b; hidden neurons (a and not b), (b and not a); an output neuron that one pulse fires."""
    low = BLOCK if full else None
    return Network(
        name="xor",
        coding=Coding(pulses=pulses, period_ps=200.0, slots=(0, 1), slot_ps=25.0),
        layers=(
            Layer(
                ix_ua=((PASS, low, low, PASS), (low, PASS, PASS, low)),
                it_ua=(25.0, 25.0),
                l_storage_ph=8.0,
                r_leak_ohm=0.16,
            ),
            Layer(ix_ua=((PASS, PASS),), it_ua=(130.0,), l_storage_ph=8.0, r_leak_ohm=0.16),
        ),
        decide_at=max(1, pulses // 2),
    )
