"""The sentence on the order that the paper found, against intervals computed by hand."""

import pytest

from benchmarks.lifelong.collect import SHARED, MethodResults, StreamResults, stream_results
from benchmarks.lifelong.page import _others
from benchmarks.lifelong.tables import caution, order_sentence, verdict
from benchmarks.results.record import Record


def stream(**averages):
    """A stream of one step; the accuracies of three orders by method."""
    methods = []
    for name, values in averages.items():
        by_order = {
            order: [Record("lifelong", {}, order, None, {"accuracy": value}, None, None)]
            for order, value in enumerate(values)
        }
        methods.append(MethodResults("scratch:lenet", name.replace("_", "-"), by_order))
    return StreamResults("digits", 100, {}, [10], methods)


def test_each_hybrid_is_compared_with_the_ranks_beside_it():
    """The half-width of three differences with deviation s is 4.3027 s / sqrt(3) = 2.484 s."""
    found = order_sentence(
        stream(
            joint=[0.9, 0.9, 0.9],
            icarl=[0.8, 0.81, 0.79],
            hybrid1=[0.7, 0.71, 0.69],
            hybrid2=[0.82, 0.83, 0.81],
            hybrid3=[0.79, 0.83, 0.75],
            lwf_mc=[0.5, 0.5, 0.5],
        ),
        "scratch:lenet",
    )
    assert found == (
        "digits, scratch:lenet: of the paper's order (joint above icarl above hybrid1, hybrid2, "
        "hybrid3 above lwf-mc), 5 of 7 comparisons hold; undecided (the interval contains 0): "
        "icarl − hybrid3 1.0 [-6.5, 8.5]; reversed: icarl − hybrid2 -2.0 [-2.0, -2.0]."
    )


@pytest.mark.parametrize("orders", [[0.8], [0.8, 0.8]])
def test_methods_with_other_orders_are_not_compared(orders):
    found = order_sentence(stream(joint=[0.9, 0.9, 0.9], icarl=orders), "scratch:lenet")
    assert found == "digits, scratch:lenet: too few class orders to compare methods."


def test_a_single_order_decides_nothing():
    alone = stream(joint=[0.9], icarl=[0.8])
    assert "too few class orders" in order_sentence(alone, "scratch:lenet")
    assert "was not compared" in verdict([alone])


def test_a_stream_that_is_hardly_learned_says_so():
    """Ten classes: chance is 10 %, so that joint training must reach 30 %."""
    weak, strong = stream(joint=[0.2, 0.3]), stream(joint=[0.3, 0.4])
    for each in (weak, strong):
        each.settings["protocol"] = "classes"
    assert caution(weak) == (
        "Joint training ends at scratch:lenet 25.0 % on 10 classes (chance 10.0 %): too little is "
        "learned here to compare how much is forgotten."
    )
    assert caution(strong) is None


def one_step(network, order, **settings):
    """A record of joint training on a stream of one step."""
    asked = {**dict.fromkeys(SHARED, 0), "protocol": "classes", "variant": "paper"}
    asked |= {"data": "digits", "memory": 9, "classes_of_steps": [10], "step": 0}
    asked |= {"network": network, "method": "joint", **settings}
    return Record("lifelong", asked, order, None, {"accuracy": 0.5}, None, None)


def test_each_network_has_its_newest_settings_and_the_page_names_those_that_differ():
    [found] = stream_results(
        [
            one_step("scratch:lenet", 0, epochs=5),
            one_step("scratch:lenet", 0, epochs=9),
            one_step("scratch:lenet", 1, epochs=9),
            one_step("bank:normals", 0, epochs=2, learning_rate=0.1),
        ]
    )
    assert {m.network: m.orders for m in found.methods} == {
        "scratch:lenet": [0, 1],
        "bank:normals": [0],
    }
    assert found.settings["epochs"] == 9
    assert found.own == {"bank:normals": {"epochs": 2, "learning_rate": 0.1}}
    assert _others(found) == " bank:normals: epochs 2, learning rate 0.1."


def test_the_first_sentence_counts_what_intervals_decide():
    """The differences to fine-tuning are 0.3 each, and those to replay 0.1, 0.1 and -0.2."""
    icarl = [0.8, 0.8, 0.8]
    first = stream(icarl=icarl, finetuning=[0.5] * 3, random_replay=[0.7, 0.7, 1.0])
    second = stream(icarl=icarl, finetuning=[0.9, 0.9, 0.9], joint=[0.9])
    assert verdict([first, second]) == (
        "Average incremental accuracy over pairs of a stream and a network: an interval over class "
        "orders puts iCaRL above finetuning in 1 of 2 (below in 1), random-replay in 0 of 1 (below "
        "in 0). The intervals are not corrected for their number."
    )
    assert "was not compared" in verdict([stream(icarl=icarl)])
