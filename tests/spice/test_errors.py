"""What cannot be simulated is refused by name and line; what fails while it runs is told by instance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hwdesign.errors import ConfigError, HwdesignError, LimitError, NetlistError, UnsupportedError
from hwdesign.spice import simulate
from tests.spice.decks import circuit, jtl, run

CARD = ".model m jj(rtype=1, vg=2.8m, cap=0.07p, r0=160, rn=16, icrit=0.1m)"


@pytest.mark.parametrize(
    ("deck", "message"),
    [
        (
            "I1 0 a 1u\nR1 a 0 1\nL1 b c 1p\nR2 b c 2",
            "test.cir:4: node 'B' floats: nothing joins it to ground; "
            "connect it to ground, by a large resistor if need be",
        ),
        (
            "I1 0 a 1u\nR1 b 0 1",
            "test.cir:2: node 'A' floats: it has no way to ground but through current sources; "
            "connect it to ground, by a large resistor if need be",
        ),
        (
            "L1 a b 0\nL2 b 0 0\nL3 a 0 0\nR1 a 0 1",
            "test.cir:4: element 'L3' closes a loop of inductors without inductance: its current is not determined; "
            "give one of the loop's elements an inductance or a resistance",
        ),
        (
            "V1 a 0 1m\nV2 a 0 2m\nR1 a 0 1",
            "test.cir:3: element 'V2' closes a loop of sources that fix the voltage: its current is not determined; "
            "give one of the loop's elements an inductance or a resistance",
        ),
        (
            "L1 a 0 1p\nL2 a 0 -1p\nI1 0 a 1u",
            "test.cir:2: the circuit has no single solution at node 'A'; look for loops and open ends",
        ),
        (
            f"B1 a 0 m area=0\n{CARD}",
            "test.cir:2: junction 'B1': area=0 is not positive; give a junction a positive area",
        ),
        (
            f"B1 a 0 other\n{CARD}",
            "test.cir:2: junction 'B1': model 'other' is not defined; add a line .model other jj(...)",
        ),
        (
            "X1 cell a 0",
            "test.cir:2: element 'X1': subcircuit 'cell' is not defined; add its .subckt, or include its file",
        ),
        (
            f"B1 a 0 n\nB2 a 0 mm\n{CARD}",
            "test.cir:2: junction 'B1': model 'n' is not defined; add a line .model n jj(...)",
        ),
        (
            f"B2 a 0 mm\n{CARD}",
            "test.cir:2: junction 'B2': model 'mm' is not defined; did you mean 'm', or add a line .model mm jj(...)",
        ),
        (
            "L1 a 0 1p\nL2 b 0 1p\nK1 L1 L2 1.5\nR1 a b 1",
            "test.cir:4: element 'K1': a coupling factor of 1.5 is larger than 1; it lies between -1 and 1",
        ),
        (
            "L1 a 0 1p\nK1 L1 L1 0.5\nR1 a 0 1",
            "test.cir:3: element 'K1' couples 'L1' to itself; write one coupling for a pair",
        ),
        (
            "L1 a 0 1p\nL2 a 0 1p\nK1 L1 L2 0.5\nK2 L2 L1 0.1\nR1 a 0 1",
            "test.cir:5: element 'K2' couples 'L2' and 'L1' after 'K1'; write one coupling for a pair",
        ),
        (
            "L1 a 0 1p\nL2 b 0 2p\nL3 c 0 3p\nL4 c 0 3p\nK1 L1 L2 0.9\nK2 L2 L3 -0.9\nK3 L1 L3 0.9\nK4 L3 L4 0.01\n"
            "R1 a 0 1\nR2 b 0 1\nR3 c 0 1",
            "test.cir:8: no inductors couple as 'K1' (line 6), 'K2' (line 7), 'K3' (line 8) say together: "
            "their matrix has the negative eigenvalue -0.8; weaken one of the factors, or turn its sign",
        ),
        ("R1 a 0 1 temp=4 neb=-1", "test.cir:2: element 'R1': its neb is negative: -1; give zero or more"),
        (
            "R1 a 0 1 temp=4 neb=1e-30",
            "test.cir: a noise bandwidth of 1e-30 Hz is far below one value in the whole simulation; "
            "give a larger neb, or a temperature of 0",
        ),
        (
            "R1 a 0 1 temp=4 neb=1T\nI1 0 a noise(1p 0 2p)",
            "test.cir: elements have different noise bandwidths: 5e+11 Hz, 1e+12 Hz; "
            "give all the same neb, and noise sources the interval 1/neb",
        ),
        (
            f"B1 a 0 m\n.model m jj(cpr={{{','.join(['1'] * 1001)}}})",
            "test.cir:3: model 'm': cpr has 1001 harmonics, more than 1000; leave the small ones out",
        ),
        (
            "T1 a 0 b 0 z0=5 td=0\nR1 a 0 1\nR2 b 0 1",
            "test.cir:2: element 'T1': a transmission line needs a positive z0 and td; write z0=50 td=1p",
        ),
        ("C1 a 0 -1p\nR1 a 0 1", "test.cir:2: element 'C1': its capacitance is negative; give zero or more"),
        (
            "R1 a 0 -2 temp=4\nL1 a 0 1p",
            "test.cir:2: element 'R1': a negative resistance makes no noise; take its temp away",
        ),
        ("", "test.cir: the circuit has no elements"),
    ],
)
def test_refuses_circuits_without_a_solution(deck: str, message: str) -> None:
    with pytest.raises(NetlistError) as caught:
        simulate(circuit(deck), stop=1e-12, signals=[])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("deck", "message"),
    [
        (
            f"B1 a 0 ph m\nR1 ph 0 1\n{CARD}",
            "test.cir:2: element 'B1': a junction's phase node is not simulated, and something else connects to it; "
            "print its phase instead",
        ),
        (
            "E1 e 0 vol='v(a)*2'\nR1 a 0 1\nR2 e 0 1",
            "test.cir:2: element 'E1': an expression over node voltages is not simulated; try another engine",
        ),
        (
            "D1 a 0 dm\nR1 a 0 1\n.model dm d(is=1n)",
            "test.cir:2: element 'D1': the embedded engine has no 'D'; it has: B C E F G H I K L P R T V; "
            "try another engine",
        ),
        (
            "I1 0 a noise(1p 5p 1p)\nR1 a 0 1",
            "test.cir:2: source 'I1': noise with a delay is not simulated; write noise(amplitude 0 interval)",
        ),
    ],
)
def test_refuses_what_it_does_not_simulate(deck: str, message: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        simulate(circuit(deck), stop=1e-12, signals=[])
    assert str(caught.value) == message


@pytest.mark.parametrize("factors", [(0.9, 0.9, 0.62), (0.9, -0.9, -0.62), (0.2, 0.2, -0.9), (1.0, 1.0, 1.0)])
def test_couplings_that_inductors_can_have_are_simulated(factors: tuple[float, float, float]) -> None:
    """Two factors of 0.9 leave 2·0.81 - 1 to 1 for the third."""
    lines = "K1 L1 L2 {}\nK2 L2 L3 {}\nK3 L1 L3 {}".format(*factors)
    deck = f"L1 a 0 1p\nL2 b 0 2p\nL3 c 0 3p\n{lines}\nR1 a 0 1\nR2 b 0 1\nR3 c 0 1\nI1 0 a pwl(0 0 1p 1u)"
    result = simulate(circuit(deck), signals=["I(L1)"], stop=20e-12)
    assert abs(result.signals["I(L1)"][-1] - 1e-6) < 1e-8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": 0.0}, "a step of 0 s up to 1e-10 s makes no simulation"),
        ({"step": 1e-9}, "a step of 1e-09 s up to 1e-10 s makes no simulation"),
        ({"stop": float("inf")}, "makes no simulation"),
        ({"mode": "euler"}, "no mode is named 'euler'; modes: josim, newton"),
        ({"every": 0}, "every=0 or tolerance=1e-06 makes no sense"),
        ({"seeds": -1}, "a seed lies between 0 and 2^64 - 1, not -1"),
        ({"step": 1e-24, "stop": 1.0}, "steps are more than"),
    ],
)
def test_refuses_wrong_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(HwdesignError) as caught:
        simulate(circuit(jtl(1)), signals=[], **options)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_asks_for_times_that_no_line_gives() -> None:
    from hwdesign.formats.spice import read_spice_text
    from hwdesign.spice import compile_deck

    made = compile_deck(read_spice_text("* no tran\nR1 a 0 1\nI1 0 a 1u\n.end\n", file="t.cir"))
    with pytest.raises(ConfigError) as caught:
        simulate(made)
    assert str(caught.value) == "t.cir: the step of the simulation is not known; give step and stop, or a .tran line"


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ({"B7": [1.0]}, "no element is named 'B7'"),
        ({"L1.area": [1.0]}, "element 'L1' has no parameter 'area'; it has: value"),
        ({"L1": [1.0, 2.0], "B1": [1.0]}, "the batch's arrays differ in length (L1: 2, B1: 1)"),
        ({"L1": [float("nan")]}, "the batch's values of 'L1' are not all finite"),
        ({"B1": [-1.0]}, "junction 'B1' has no positive critical current; give it a positive area"),
        ({"R1": [0.0]}, "resistor 'R1' is zero in some instances; leave it out of the batch"),
    ],
)
def test_refuses_wrong_batches(batch: dict[str, list[float]], message: str) -> None:
    deck = jtl(2).replace("B2 2 0", "B2 2 0").replace("R1 1 0 2.744", "R1 1 x 2.744\nLR x 0 1p")
    with pytest.raises(NetlistError) as caught:
        simulate(circuit(deck), batch=batch, signals=[], stop=1e-12)
    assert message in str(caught.value)


@pytest.mark.parametrize(("mode", "threads"), [("josim", 1), ("newton", 1), ("newton", 2)])
def test_failing_instances_are_told_and_the_others_finish(mode: str, threads: int) -> None:
    """A negative inductance beside a capacitor has a solution that grows without bound."""
    options: dict[str, Any] = {"mode": mode, "signals": ["P(B3)"], "stop": 60e-12, "threads": threads}
    made = circuit(jtl(3) + "\nLX 2 0 50p")
    values = np.full(11, 50e-12)
    values[4] = -1e-12
    result = simulate(made, batch={"LX": values}, **options)
    assert set(result.failed) == {4}
    assert result.failed[4].startswith(
        (
            "the simulation broke down by t = ",
            "the step is too large at t = ",
            "the equations have no solution near t = ",
        )
    )
    alone = simulate(made, **options)
    # Instances of the newton mode share their steps, and the failing one's are short.
    phase, time = (1e-9, 1e-18) if mode == "josim" else (1e-3, 1e-15)
    for instance in (0, 3, 5, 10):
        assert np.abs(result.signals["P(B3)"][instance] - alone.signals["P(B3)"]).max() < phase
        assert np.allclose(result.pulses.of("B3", instance), alone.pulses.of("B3"), atol=time)
    with pytest.raises(NetlistError) as caught:
        simulate(circuit(jtl(3) + "\nLX 2 0 -1p"), **{**options, "signals": []})
    assert "take a smaller step, and look at the elements' values" in str(caught.value)


def test_instances_whose_inductors_cannot_be_are_told_and_the_others_finish() -> None:
    deck = "L1 a 0 1p\nL2 b 0 2p\nL3 c 0 3p\nK1 L1 L2 0.5\nK2 L2 L3 -0.5\nK3 L1 L3 0.4\nR1 a 0 1\nR2 b 0 1\nR3 c 0 1"
    made = circuit(f"{deck}\nI1 0 a pwl(0 0 1p 1u)")
    found = simulate(made, batch={"K3": [0.4, 0.9, -0.4, 1.2]}, signals=["I(L1)"], stop=20e-12)
    assert found.failed == dict.fromkeys((1, 3), "no inductors couple as the coupling factors say together")
    alone = simulate(made, signals=["I(L1)"], stop=20e-12).signals["I(L1)"]
    assert np.allclose(found.signals["I(L1)"][0], alone, rtol=0, atol=1e-18)
    with pytest.raises(NetlistError) as caught:
        simulate(made, batch={"K1": [1.5, -2.0]}, signals=["I(L1)"])
    assert str(caught.value) == (
        "test.cir: no inductors couple as the coupling factors say together; "
        "weaken one of the factors, or turn its sign"
    )


@pytest.mark.parametrize("amplitude", ["3e8", "1e30", "-1e300"])
def test_a_junction_that_is_turned_beyond_counting_ends_in_an_error(amplitude: str) -> None:
    """While a simulation begins, JoSIM does not look at its step; pulses past counting must not fill the memory."""
    deck = f"I1 0 a pwl(0 0 5p {amplitude})\nR1 a 0 1\nB1 a 0 m\n{CARD}"
    with pytest.raises(NetlistError, match=r"is too large at t = |broke down by t = "):
        simulate(circuit(deck), signals=[])


@pytest.mark.parametrize(
    ("source", "step"), [("noise(1p)", "0.1p"), ("noise(1p 0 0.1p)", "0.1p"), ("noise(1p 0 0.4p)", "0.05p")]
)
def test_noise_sources_have_their_density_whatever_their_interval(source: str, step: str) -> None:
    """A white current of density A²/2 (two-sided) into R and C: the voltage's variance is (A²/2)·R/(2C)."""
    made = circuit(f"I1 0 a {source}\nR1 a 0 1\nC1 a 0 4p", f"{step} 400p")
    found = simulate(made, signals=["V(a)"], seeds=np.arange(64)).signals["V(A)"]
    wanted = (1e-24 / 2) / (2 * 4e-12)
    assert abs(found[:, found.shape[1] // 4 :].var() / wanted - 1) < 0.07


def test_unknown_outputs_of_a_deck_are_left_out_with_a_note() -> None:
    made = circuit("V1 a 0 pwl(0 0 1p 1m)\nR1 a b 1\nR2 b 0 3\n.print v(a)\n.print devi R7\n.print v(R1,R2)")
    assert made.notes == ("test.cir:6: no device is named 'R7'; as in JoSIM, it is not printed",)
    result = simulate(made)
    assert list(result.signals) == ["V(A)", "V(R1,R2)"]
    assert abs(result.signals["V(R1,R2)"][-1] - (0.25e-3 - 0.75e-3)) < 1e-12
    nothing = circuit("R1 a 0 1\nI1 0 a 1u\n.print devi R7")
    with pytest.raises(NetlistError, match=r"test\.cir:4: no device is named 'R7'"):
        simulate(nothing)
    with pytest.raises(NetlistError, match="no device is named 'R7'"):
        simulate(made, signals=["devi R7"])


@pytest.mark.parametrize("quantity", ["v", "p", "i"])
def test_differences_of_devices(quantity: str) -> None:
    made = circuit(jtl(2))
    both = f"{quantity}(R1,B2)"
    found = simulate(made, signals=[both, f"{quantity}(R1)", f"{quantity}(B2)"]).signals
    label = both.upper()
    assert np.allclose(found[label], found[f"{label[0]}(R1)"] - found[f"{label[0]}(B2)"], rtol=0, atol=1e-15)
    with pytest.raises(UnsupportedError, match="'I\\(IIN,R1\\)' is a difference between a current source and another"):
        simulate(made, signals=["i(IIN,R1)"])


def test_a_step_that_is_too_large_is_halved_and_said_so() -> None:
    deck = f"I1 0 a pwl(0 0 50p 2m)\nB1 a 0 m area=1\nR1 a 0 2\n{CARD}"
    result = run(deck, ["P(B1)"], tran="0.4p 60p")
    assert result.step[0] in (0.2e-12, 0.1e-12, 0.05e-12) and len(result.time) == 150
    assert result.steps[0] == round(60e-12 / result.step[0])
    fine = run(deck, ["P(B1)"], tran=f"{result.step[0]} 60p", every=round(0.4e-12 / float(result.step[0])))
    assert np.allclose(result.signals["P(B1)"], fine.signals["P(B1)"], atol=1e-12)
    # In a batch each instance has a step of its own.
    both = simulate(circuit(deck, "0.4p 60p"), batch={"I1": [2e-3, 1e-5]}, signals=["P(B1)"])
    assert both.step[0] == result.step[0] and both.step[1] == 0.4e-12
    assert np.allclose(both.signals["P(B1)"][0], result.signals["P(B1)"], atol=1e-9)


def test_control_lines_are_done_noted_or_refused() -> None:
    made = circuit("R1 a 0 1\nI1 0 a 1u\n.spread 0.1\n.option seed=1")
    assert made.notes == (
        "test.cir:4: '.spread 0.1' is not drawn from: every element has its nominal value",
        "test.cir:5: '.option seed=1' has no effect here",
    )
    with pytest.raises(UnsupportedError) as caught:
        circuit("R1 a 0 1\n.ac dec 10 1 1g")
    assert str(caught.value) == (
        "test.cir:3: the embedded engine does not do '.ac'; take the line away, or try another engine"
    )


def test_refuses_records_that_do_not_fit() -> None:
    with pytest.raises(LimitError) as caught:
        simulate(circuit(jtl(1)), signals=["P(B1)", "V(1)"], step=1e-18, seeds=np.arange(1000))
    assert str(caught.value) == (
        "test.cir: 2 signals of 1000 instances at 100000000 times do not fit in memory; "
        "record fewer rows (a larger print step in .tran, or every=), or pulses alone"
    )


@pytest.mark.parametrize(
    ("tran", "what"),
    [
        ("1e-18 1n", "1 signals of 1 instances at 100000000"),
        ("1e-24 1", "1e+24 steps are more than 4294967296; take a"),
    ],
)
def test_a_deck_that_asks_for_too_many_steps_is_told_its_line(tran: str, what: str) -> None:
    made = circuit("R1 a 0 1\nI1 0 a 1u\n.print v(a)", tran)
    with pytest.raises((LimitError, ConfigError)) as caught:
        simulate(made)
    assert str(caught.value).startswith(f"test.cir:5: {what}")


def test_next_to_nothing_conducts_without_loss_of_digits() -> None:
    """A picoohm and a femto-femtohenry among picohenries."""
    deck = "I1 0 a pwl(0 0 5p 80u)\nR1 a b 1p\nL1 b c 1e-21\nL2 c 0 5p\nC1 a 0 0.1p\nR2 a 0 2"
    plain = deck.replace("R1 a b 1p", "R1 a b 0").replace("1e-21", "0")
    for mode in ("josim", "newton"):
        one = run(deck, ["I(L2)", "I(R1)", "V(a)"], mode=mode)
        other = run(plain, ["I(L2)", "I(R1)", "V(a)"], mode=mode)
        for name, values in one.signals.items():
            assert np.allclose(values, other.signals[name], atol=1e-10), name


def test_counts_what_a_hierarchy_unfolds_to_before_unfolding_it() -> None:
    levels = [".subckt level0 p\n.ends"]
    for k in range(12):
        levels.append(f".subckt level{k + 1} p\n" + "".join(f"X{i} p level{k}\n" for i in range(10)) + ".ends")
    with pytest.raises(LimitError) as caught:
        circuit("\n".join([*levels, "X1 a level12", "R1 a 0 1"]))
    assert str(caught.value) == (
        "test.cir: the circuit has 1.11e+12 elements and instances, more than 1048576; "
        "take a smaller circuit, or simulate a part with --top"
    )


def test_refuses_a_record_that_fills_memory() -> None:
    with pytest.raises(LimitError, match=r"1 signals of 1 instances at 100000000\d times do not fit"):
        simulate(circuit("R1 a 0 1\nI1 0 a 1u"), step=1e-18, stop=1e-9, signals=["V(a)"])
