"""The sentences of the sections, from made records whose answer is known."""

from benchmarks.finetune import limits_page, lite0_page, longer_page, summary
from benchmarks.results.record import Record

NOISE = (-0.01, 0.0, 0.01, -0.005, 0.005)


def cells(part, mean, metric="accuracy", spread=1.0, seeds=range(5), **settings):
    """Return one record a seed whose metric is a mean and noise that depends on the seed."""
    more = {"step": 120} if part == "longer" else {}
    return [
        Record(
            "finetune",
            {"part": part, **settings},
            seed,
            "test",
            {metric: mean + spread * NOISE[seed], **more},
        )
        for seed in seeds
    ]


def rates(part, rate, seed, **settings):
    """Return the record of a choice among three rates."""
    tried = {"0.01": 0.5, "0.1": 0.4, "1": 0.3}
    key = {"part": part, "record": "rates", "rates": [0.01, 0.1, 1], **settings}
    return Record("finetune", key, seed, "val", {"rate": rate, "tried": tried})


def both_lengths(tuned_short, tuned_long):
    """Return the records of a cell whose network from scratch and probe stay the same."""
    cell = {"target": "digits", "start": "bank:x", "n": 40, "batch": 16, "tested": 9, "pool": 9}
    short = {**cell, "steps": 40}
    longer = {**cell, "steps": 400, "evaluations": 10}
    return [
        *cells("sizes", 0.6, method="from scratch", **short),
        *cells("sizes", tuned_short, method="fine-tuned", **short),
        *cells("sizes", 0.7, method="linear probe", **cell),
        rates("longer", 0.01, 100, method="fine-tuned", **longer),
        *cells("longer", 0.6, spread=0.5, method="from scratch", **longer),
        *cells("longer", tuned_long, method="fine-tuned", **longer),
    ]


def test_the_longer_section_says_what_changes():
    text = longer_page.section(both_lengths(0.5, 0.8))
    assert "| digits | 40 | 40 | 60.0 ± 1.0 | 50.0 ± 1.0 |" in text
    assert (
        "| digits | 40 | 400 (120) | 60.0 ± 0.5 | 80.0 ± 1.0 | **+20.0 ± 0.5** | 70.0 ± 1.0" in text
    )
    assert (
        "Conclusions that change with longer training: on digits with n = 40, fine-tuning is above "
        "training from scratch after long training, and was below it after short; on digits with "
        "n = 40, fine-tuning is above the linear probe after long training, and was below it after "
        "short."
    ) in text
    assert "at seed 100, which is not reported, chose the learning rate" in text
    assert "In 1 of 1 cells the rate is at an end of the grid" in text
    assert "AdamW, at most 400 steps of 16 images" in text


def test_the_longer_section_says_that_nothing_changes():
    text = longer_page.section(both_lengths(0.8, 0.8))
    assert "No conclusion changes" in text
    assert "Conclusions that change" not in text


def test_a_reported_seed_that_chose_the_rate_is_called_so():
    own = [rates("x", 0.1, 0), *cells("x", 0.5)]
    assert "at seed 0, one of the reported seeds, chose" in summary.rates_sentence(own)
    assert "at seed 7, which is not reported, chose" in summary.rates_sentence(
        [rates("x", 0.1, 7), *cells("x", 0.5)]
    )


def test_the_bank_section_names_tasks_that_are_worse_than_a_constant():
    def forgetting(source, after):
        return [
            Record(
                "finetune",
                {
                    "part": "limits",
                    "source": source,
                    "target": "digits",
                    "start": f"bank:{source}",
                    "method": "all layers at one rate",
                    "pixels": 64,
                },
                seed,
                "test",
                {
                    "accuracy": 0.9,
                    "source_loss_before": 0.2,
                    "source_loss_after": after + noise,
                    "constant_loss": 0.4,
                    "views": 300,
                },
            )
            for seed, noise in enumerate(NOISE)
        ]

    text = limits_page.section([*forgetting("a", 0.3), *forgetting("b", 0.6)])
    assert (
        "| `a` | digits | 90.0 ± 0.0 | 0.200 | 0.300 ± 0.010 | **+0.100 ± 0.010** | 0.400 |" in text
    )
    assert "rises in 2 of 2 cells (interval above 0), and in 10 of the 10 single" in text
    assert "larger than that of a constant answer (interval above it) in 1: b on digits." in text
    assert "Targets far from the source" not in text


def test_lite0s_curves_stand_beside_the_probes_of_the_same_layers():
    case = {"network": "Lite0", "case": "digits", "images": 300, "pool": 9, "tested": 9}
    trained = {**case, "steps": 40, "batch": 16, "depth": 18, "momentum": 0.1}
    records = [
        *cells("layers", 0.4, kept=0, method="linear probe on pixels", **case),
        *cells("layers", 0.7, kept=4, method="linear probe", **case),
        *cells("layers", 0.6, kept=0, method="B from scratch", **trained),
        *cells("layers", 0.9, spread=0.5, kept=4, method="AnB+", **trained),
        *cells("layers", 0.5, kept=4, method="BnB+", **trained),
        *cells("layers", 0.6, kept=4, method="BnB", **trained),
    ]
    text = "\n\n".join(lite0_page.sections(records))
    assert "| digits | 300 | 40.0 ± 1.0 | 70.0 ± 1.0 |" in text
    assert "| AnB+, fine-tuned | 90.0 ± 0.5 |" in text
    assert "| *AnB+ minus AnB* | **+20.0 ± 0.5** |" in text
    assert (
        "BnB is not apart from it; BnB+ is below at K = 4; AnB is above at K = 4; AnB+ is above at "
        "K = 4"
    ) in text
    assert len(lite0_page.panels(records)) == 2
    assert len(lite0_page.panels(records[:10])) == 1
