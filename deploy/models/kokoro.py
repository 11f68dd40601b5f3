"""kokoro.py ONNX OUT: make Kokoro's convolutions fast on a CPU.

As shipped, Kokoro-82M spends most of its time in ConvInteger, for which ONNX
Runtime has no fast kernel. Each 1-D convolution of stride 1 becomes a matrix
product over the columns of its input: Transpose, Pad, DynamicQuantizeLinear,
one Slice per tap, Concat, MatMulInteger with the weights moved from unsigned
to signed. The few others become a plain float Conv. The lengths of what comes
out do not change; three times the speed does.
"""
import struct
import sys

from onnxfile import (FLOAT, INT64, INT8, UINT8, Node, Tensor, all_of, dump,
                      node, one, parse, tensor)

TO_SIGNED = bytes((i - 128) & 255 for i in range(256))
NARROW = 64  # channels below which the rewrite does not pay
FAR = (1 << 63) - 1


class Graph:
    def __init__(self, fields):
        self.fields = fields
        self.nodes = [Node(parse(n)) for n in all_of(fields, 1)]
        self.weights = {}
        for raw in all_of(fields, 5):
            t = Tensor(parse(raw))
            self.weights[t.name] = (t, raw)
        self.makers = {o: n for n in self.nodes for o in n.outputs}
        self.users = {}
        for n in self.nodes:
            for i in n.inputs:
                self.users.setdefault(i, []).append(n)
        self.fresh = []

    def weight(self, name):
        return self.weights[name][0]

    def add(self, name, kind, dims, raw):
        self.fresh.append([5, tensor(name, kind, dims, raw)])
        return name

    def longs(self, name, *values):
        return self.add(name, INT64, [len(values)],
                        struct.pack("<%dq" % len(values), *values))


class Conv:
    """One ConvInteger with what stands around it up to its float output."""

    def __init__(self, g, conv):
        self.g, self.name = g, conv.name or conv.outputs[0]
        quantizer = g.makers[conv.inputs[0]]
        self.source = quantizer.inputs[0]
        self.replaced = [conv]
        after = g.users[conv.outputs[0]][0]
        self.bias = None
        if after.op == "Add":
            self.bias = self.find_bias(after, conv.outputs[0])
            self.replaced.append(after)
            after = g.users[after.outputs[0]][0]
        self.scaler = g.users[after.outputs[0]][0]
        self.replaced += [after, self.scaler]
        self.out = self.scaler.outputs[0]
        scales = g.makers[next(i for i in self.scaler.inputs
                               if i != after.outputs[0])]
        self.scale = g.weight(next(i for i in scales.inputs
                                   if i != quantizer.outputs[1]))
        if len(self.scale.raw) != 4:
            sys.exit("%s: a scale per channel is not expected" % self.name)
        self.w = g.weight(conv.inputs[1])
        self.zero = g.weight(conv.inputs[3]).raw if len(conv.inputs) > 3 \
            else b"\0"
        self.attributes = all_of(conv.fields, 5)
        self.outputs, self.channels, self.taps = self.w.dims
        self.dilation = conv.ints("dilations", [1])[0]
        self.pads = conv.ints("pads", [0, 0])
        self.wide = (conv.ints("strides", [1])[0] == 1 and
                     conv.int("group", 1) == 1 and
                     min(self.channels, self.outputs) >= NARROW)

    def find_bias(self, add, other):
        """The bias is quantized on the way; its float original is wanted."""
        name = next(i for i in add.inputs if i != other)
        while name in self.g.makers:
            name = self.g.makers[name].inputs[0]
        return self.g.weight(name)

    def matrix(self):
        """Weights [outputs][channels][taps] as [taps * channels][outputs]."""
        data = self.w.raw
        if self.w.type == UINT8:
            data = data.translate(TO_SIGNED)
            self.zero = self.zero.translate(TO_SIGNED)
        step = self.channels * self.taps
        return b"".join(data[c * self.taps + k::step]
                        for k in range(self.taps)
                        for c in range(self.channels))

    def as_product(self):
        g, n = self.g, self.name
        nodes = [node("Transpose", [self.source], [n + "_t"], perm=[0, 2, 1])]
        last = n + "_t"
        if any(self.pads):
            pads = g.longs(n + "_pads", 0, self.pads[0], 0, 0, self.pads[1], 0)
            nodes.append(node("Pad", [last, pads], [n + "_padded"]))
            last = n + "_padded"
        nodes.append(node("DynamicQuantizeLinear", [last],
                          [n + "_q", n + "_qs", n + "_qz"]))
        last = n + "_q"
        if self.taps > 1:
            axis = g.longs(n + "_axis", 1)
            parts = []
            for k in range(self.taps):
                end = (k + 1 - self.taps) * self.dilation or FAR
                part = "%s_tap%d" % (n, k)
                nodes.append(node(
                    "Slice", [last, g.longs(part + "_a", k * self.dilation),
                              g.longs(part + "_b", end), axis], [part]))
                parts.append(part)
            nodes.append(node("Concat", parts, [n + "_columns"], axis=2))
            last = n + "_columns"
        matrix = g.add(n + "_m", INT8,
                       [self.taps * self.channels, self.outputs],
                       self.matrix())
        zero = g.add(n + "_mz", INT8, [], self.zero)
        scale = g.add(n + "_ms", FLOAT, self.scale.dims, self.scale.raw)
        nodes += [
            node("MatMulInteger", [last, matrix, n + "_qz", zero],
                 [n + "_sum"]),
            node("Cast", [n + "_sum"], [n + "_float"], to=FLOAT),
            node("Mul", [n + "_qs", scale], [n + "_scale"]),
            node("Mul", [n + "_float", n + "_scale"], [n + "_y"])]
        last = n + "_y"
        if self.bias:
            bias = g.add(n + "_bias", FLOAT, [self.outputs], self.bias.raw)
            nodes.append(node("Add", [last, bias], [n + "_yb"]))
            last = n + "_yb"
        nodes.append(node("Transpose", [last], [self.out], perm=[0, 2, 1]))
        return nodes

    def as_float(self):
        scale = self.scale.floats()[0]
        signed = "b" if self.w.type == INT8 else "B"
        zero = struct.unpack(signed, self.zero)[0]
        of = [struct.pack("<f", (struct.unpack(signed, bytes([v]))[0] - zero)
                          * scale) for v in range(256)]
        inputs = [self.source, self.g.add(
            self.name + "_w", FLOAT, self.w.dims,
            b"".join([of[v] for v in self.w.raw]))]
        if self.bias:
            inputs.append(self.g.add(self.name + "_bias", FLOAT,
                                     [self.outputs], self.bias.raw))
        conv = node("Conv", inputs, [self.out])
        conv.fields += [[5, a] for a in self.attributes]
        return [conv]


def names_used(nodes, into):
    for n in nodes:
        into.update(n.inputs)
        for raw in all_of(n.fields, 5):
            if n.op in ("If", "Loop", "Scan"):
                for sub in all_of(parse(raw), 6):
                    inner = parse(sub)
                    names_used([Node(parse(x)) for x in all_of(inner, 1)],
                               into)
                    into.update(one(parse(o), 1).decode()
                                for o in all_of(inner, 12))


def prune(g, nodes):
    """Drop what only the replaced nodes needed."""
    outputs = [one(parse(o), 1).decode() for o in all_of(g.fields, 12)]
    while True:
        used = set(outputs)
        names_used(nodes, used)
        kept = [n for n in nodes if any(o in used for o in n.outputs)]
        if len(kept) == len(nodes):
            return kept, used
        nodes = kept


def main(source, target):
    with open(source, "rb") as f:
        model = parse(f.read())
    graph_at = next(i for i, (field, _) in enumerate(model) if field == 7)
    g = Graph(parse(model[graph_at][1]))
    instead, gone = {}, set()
    for n in g.nodes:
        if n.op == "ConvInteger":
            conv = Conv(g, n)
            instead[id(conv.scaler)] = \
                conv.as_product() if conv.wide else conv.as_float()
            gone.update(map(id, conv.replaced))
    nodes = []
    for n in g.nodes:
        if id(n) in instead:
            nodes += instead[id(n)]
        elif id(n) not in gone:
            nodes.append(n)
    nodes, used = prune(g, nodes)
    rest = [f for f in g.fields if f[0] not in (1, 5)]
    weights = [[5, raw] for name, (_, raw) in g.weights.items()
               if name in used]
    model[graph_at][1] = [[1, n.fields] for n in nodes] + rest + weights \
        + g.fresh
    with open(target, "wb") as f:
        f.write(dump(model))


main(*sys.argv[1:])
