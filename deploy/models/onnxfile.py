"""Just enough of protobuf to take ONNX files apart and put them together.

Debian's python3-minimal has no onnx and no numpy, and the two conversions
need neither: weights stay the bytes they are. A message is a list of
[field, value] pairs in file order; numbers are int, everything else is bytes
(or a message that was parsed and shall be written back). Fields that nobody
looks at are kept as they came.
"""
import struct

FLOAT, UINT8, INT8, INT64 = 1, 2, 3, 7  # TensorProto.DataType


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


class Fixed32(bytes):
    """Four bytes that stand in the file without a length before them."""


def parse(data):
    at, end, fields = 0, len(data), []
    while at < end:
        key, at = read_varint(data, at)
        field, wire = key >> 3, key & 7
        if wire == 0:
            value, at = read_varint(data, at)
        elif wire == 2:
            size, at = read_varint(data, at)
            value = data[at:at + size]
            at += size
        elif wire == 5:
            value = Fixed32(data[at:at + 4])
            at += 4
        else:
            raise ValueError("wire type %d is not used by ONNX" % wire)
        fields.append([field, value])
    if at != end:
        raise ValueError("truncated")
    return fields


def dump(fields):
    out = []
    for field, value in fields:
        if isinstance(value, int):
            out += [varint(field << 3), varint(value)]
            continue
        if isinstance(value, Fixed32):
            out += [varint(field << 3 | 5), bytes(value)]
            continue
        if isinstance(value, list):
            value = dump(value)
        elif isinstance(value, str):
            value = value.encode()
        out += [varint(field << 3 | 2), varint(len(value)), value]
    return b"".join(out)


def all_of(fields, field):
    return [value for f, value in fields if f == field]


def one(fields, field, default=None):
    values = all_of(fields, field)
    return values[-1] if values else default


def numbers(fields, field):
    """A repeated integer, packed or not."""
    out = []
    for value in all_of(fields, field):
        if isinstance(value, int):
            out.append(value)
            continue
        at = 0
        while at < len(value):
            number, at = read_varint(value, at)
            out.append(number)
    return [n - (1 << 64) if n >> 63 else n for n in out]


class Tensor:
    def __init__(self, fields):
        self.dims = numbers(fields, 1)
        self.type = one(fields, 2)
        self.name = one(fields, 8, b"").decode()
        self.raw = one(fields, 9)
        if self.raw is None:
            self.raw = b"".join(all_of(fields, 4))
            if self.type in (UINT8, INT8):
                self.raw = bytes(n & 255 for n in numbers(fields, 5))

    def floats(self):
        return struct.unpack("<%df" % (len(self.raw) // 4), self.raw)


def tensor(name, kind, dims, raw):
    return [[1, d] for d in dims] + [[2, kind], [8, name], [9, raw]]


class Node:
    """A NodeProto with its parts in reach; `fields` is what is written."""

    def __init__(self, fields):
        self.fields = fields
        self.inputs = [v.decode() for v in all_of(fields, 1)]
        self.outputs = [v.decode() for v in all_of(fields, 2)]
        self.name = one(fields, 3, b"").decode()
        self.op = one(fields, 4, b"").decode()

    def attributes(self):
        return {one(a, 1).decode(): a
                for a in map(parse, all_of(self.fields, 5))}

    def ints(self, name, default):
        attribute = self.attributes().get(name)
        return numbers(attribute, 8) if attribute else default

    def int(self, name, default):
        attribute = self.attributes().get(name)
        return one(attribute, 3, 0) if attribute else default


def node(op, inputs, outputs, **ints):
    """Attributes are integers or lists of integers (types 2 and 7)."""
    fields = [[1, i] for i in inputs] + [[2, o] for o in outputs]
    fields += [[3, outputs[0]], [4, op]]
    for name, value in ints.items():
        if isinstance(value, int):
            fields.append([5, [[1, name], [3, value], [20, 2]]])
        else:
            fields.append(
                [5, [[1, name]] + [[8, v] for v in value] + [[20, 7]]])
    return Node([[f, v.encode() if isinstance(v, str) else v]
                 for f, v in fields])
