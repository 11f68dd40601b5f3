"""silero.py ONNX OUT: the 8 kHz net of Silero VAD as plain float32.

The file holds one `If` on the sampling rate; its else branch is 8 kHz. All
weights sit there in Constant nodes or initializers, found by the end of their
names. OUT: the eight bytes "SILERO8K", then each tensor in the order below,
little endian, in the layout it has in the file. bot/media/silero.c reads it.
"""
import sys

from onnxfile import FLOAT, Node, Tensor, all_of, one, parse

ORDER = [("stft.forward_basis_buffer", 130 * 128)]
for layer, (outputs, inputs) in enumerate(
        [(128, 65), (64, 128), (64, 64), (128, 64)]):
    ORDER += [("encoder.%d.reparam_conv.weight" % layer, outputs * inputs * 3),
              ("encoder.%d.reparam_conv.bias" % layer, outputs)]
ORDER += [("decoder.rnn.weight_ih", 512 * 128),
          ("decoder.rnn.weight_hh", 512 * 128),
          ("decoder.rnn.bias_ih", 512), ("decoder.rnn.bias_hh", 512),
          ("decoder.decoder.2.weight", 128), ("decoder.decoder.2.bias", 1)]


def collect(graph, found):
    for fields in all_of(graph, 5):
        tensor = Tensor(parse(fields))
        found[tensor.name] = tensor
    for node in map(Node, map(parse, all_of(graph, 1))):
        for attribute in node.attributes().values():
            if node.op == "Constant" and one(attribute, 5) is not None:
                found[node.outputs[0]] = Tensor(parse(one(attribute, 5)))
            if one(attribute, 6) is not None:
                collect(parse(one(attribute, 6)), found)


def main(source, target):
    with open(source, "rb") as f:
        graph = parse(one(parse(f.read()), 7))
    found = {}
    for node in map(Node, map(parse, all_of(graph, 1))):
        if node.op == "If":
            branch = node.attributes()["else_branch"]
            collect(parse(one(branch, 6)), found)
    with open(target, "wb") as f:
        f.write(b"SILERO8K")
        for suffix, count in ORDER:
            tensor = next(t for n, t in found.items() if n.endswith(suffix))
            if tensor.type != FLOAT or len(tensor.raw) != 4 * count:
                sys.exit("%s: %s has another shape" % (source, suffix))
            f.write(tensor.raw)


main(*sys.argv[1:])
