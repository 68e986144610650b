"""Write a bank of untrained networks, in the files that training would leave."""

from encoders.bank.pretrained import SUFFIX, random_encoder
from encoders.dataset.manifest import classes_of
from encoders.networks import network
from encoders.training.checkpoint import halved, write_weights
from encoders.training.objective import output_of


def write_untrained(out, data, preset="tiny"):
    """Write a network for each task of a dataset, no two alike, and the random encoder."""
    out.mkdir(exist_ok=True)
    for number, (name, task) in enumerate(data.tasks.items()):
        output = output_of(task)
        model = network(preset, output, inputs=task.inputs, channels=task.channels, seed=number)
        record = {
            "task": name,
            "preset": preset,
            "inputs": task.inputs,
            "channels": task.channels,
            "output": vars(output),
            "constants": data.constants.get(name, {}),
            "classes": classes_of(data.index.root, task),
        }
        write_weights(out / (name + SUFFIX), halved(model), record)
    record = {"task": "random", "preset": preset}
    write_weights(out / ("random" + SUFFIX), halved(random_encoder(preset)), record)
    return out
