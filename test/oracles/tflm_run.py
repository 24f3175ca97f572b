"""Runs models in the real TFLite Micro for the tests: requests on stdin, replies on stdout.

A message is two little-endian uint32 (length of the JSON, length of the payload), the JSON, the payload.

  {"command": "load", "arena_bytes": n, "inputs": count, "outputs": count, "plan": "greedy"}, payload the model
      -> {"inputs": [element counts]}; without "plan" every tensor gets memory of its own, so that "run" can return it
  {"command": "describe"}, payload the model
      -> what the Python bindings of the TFLite schema find in it
  {"command": "run", "count": n, "tensors": [indices]}, payload n times all inputs, int8
      -> {}, payload n times all graph outputs and then the named tensors, int8

A request that fails gets {"error": text}. A model that trips one of TFLite Micro's checks ends the process: the other end sees the stream end.
"""

import json
import os
import struct
import sys

import numpy
from tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

HEADER = struct.Struct("<II")


def read_exactly(stream, size):
    data = stream.read(size)
    if len(data) != size:
        sys.exit(0)  # the test has gone
    return data


class Oracle:
    def __init__(self):
        self.interpreter = None
        self.input_details = []
        self.outputs = 0

    def load(self, request, model):
        self.interpreter = None
        configs = runtime.InterpreterConfig
        interpreter = runtime.Interpreter.from_bytes(
            model,
            arena_size=request["arena_bytes"],
            intrepreter_config=configs.kAllocationRecording  # sic
            if request.get("plan") == "greedy"
            else configs.kPreserveAllTensors,
        )
        self.input_details = [interpreter.get_input_details(i) for i in range(request["inputs"])]
        self.outputs = request["outputs"]
        self.interpreter = interpreter
        return {"inputs": [int(numpy.prod(d["shape"], dtype=numpy.int64)) for d in self.input_details]}, b""

    def run(self, request, data):
        if self.interpreter is None:
            raise RuntimeError("no model is loaded")
        results = []
        offset = 0
        for _ in range(request["count"]):
            for index, details in enumerate(self.input_details):
                size = int(numpy.prod(details["shape"], dtype=numpy.int64))
                values = numpy.frombuffer(data, numpy.int8, size, offset).reshape(details["shape"])
                self.interpreter.set_input(values, index)
                offset += size
            self.interpreter.invoke()
            results.extend(self.interpreter.get_output(i).tobytes() for i in range(self.outputs))
            results.extend(self.interpreter.GetTensor(i, 0)["tensor_data"].tobytes() for i in request["tensors"])
        return {}, b"".join(results)


def plain(value):
    """Bindings' objects as JSON: tables become objects, vectors lists, absent ones null."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, numpy.ndarray):
        return value.tolist()
    if isinstance(value, numpy.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [plain(element) for element in value]
    return {name: plain(field) for name, field in vars(value).items()}


def describe(_, data):
    """Everything but the contents of buffers, of which only size and alignment are told (null: absent vector)."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    view = schema.Model.GetRootAs(data, 0)
    base = numpy.frombuffer(data, numpy.uint8).__array_interface__["data"][0]
    buffers = []
    for index in range(view.BuffersLength()):
        buffer = view.Buffers(index)
        if buffer.DataIsNone():
            buffers.append(None)
            continue
        at = buffer.DataAsNumpy().__array_interface__["data"][0] - base
        buffers.append({"size": buffer.DataLength(), "misalignment": at % 16})
    model.buffers = []
    return {"identifier": data[4:8].decode("latin1"), "model": plain(model), "buffers": buffers}, b""


def main():
    requests = sys.stdin.buffer
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # the runtime prints to stdout: keep that out of the replies
    oracle = Oracle()
    commands = {"load": oracle.load, "run": oracle.run, "describe": describe}
    while True:
        json_size, payload_size = HEADER.unpack(read_exactly(requests, HEADER.size))
        request = json.loads(read_exactly(requests, json_size))
        payload = read_exactly(requests, payload_size)
        try:
            reply, result = commands[request["command"]](request, payload)
        except Exception as error:  # whatever it was, the test wants to read it
            reply, result = {"error": f"{type(error).__name__}: {error}"}, b""
        text = json.dumps(reply).encode()
        replies.write(HEADER.pack(len(text), len(result)) + text + result)
        replies.flush()


main()
