/** The int8 network as a measuring instrument: its answer to a picture, and what it makes of it one step before the answer. */
import { type ModelBundle, margin } from "../graph/bundle.js";
import { ReferenceInterpreter } from "../graph/interpreter.js";
import type { Int8Graph, Operator } from "../graph/types.js";

/** Operators behind the last layer with weights: they only bring its result into another form. */
const FORMS: readonly Operator["kind"][] = ["SOFTMAX", "LOGISTIC", "RESHAPE", "SQUEEZE", "QUANTIZE", "DEQUANTIZE"];

export interface Seen {
  /** Of the penultimate layer, real values; a map of H x W is averaged to its channels. */
  readonly embedding: Float64Array;
  readonly margin: number;
}

export class Embedder {
  private readonly interpreter: ReferenceInterpreter;
  private readonly tensor: number;

  constructor(private readonly model: ModelBundle) {
    this.interpreter = new ReferenceInterpreter(model.graph);
    this.tensor = penultimate(model.graph);
  }

  /** `input`: int8 [size, size, 1], as the device's preprocessing made it. */
  see(input: Int8Array): Seen {
    const [outputs] = this.interpreter.run([input]);
    const { shape, quantization } = this.model.graph.tensors[this.tensor];
    const values = this.interpreter.tensor(this.tensor);
    const channels = shape[shape.length - 1];
    const places = values.length / channels;
    const embedding = new Float64Array(channels);
    const zero = quantization?.zeroPoint[0] ?? 0;
    const step = (quantization?.scale[0] ?? 1) / places;
    for (let i = 0; i < values.length; i++) embedding[i % channels] += (values[i] - zero) * step;
    return { embedding, margin: margin(outputs, this.model.description.positive) };
  }
}

/** What the last layer with weights reads. */
function penultimate(graph: Int8Graph): number {
  let tensor = graph.outputs[0];
  for (;;) {
    const maker = graph.operators.find(({ outputs }) => outputs.includes(tensor));
    if (maker === undefined) return graph.inputs[0];
    tensor = maker.inputs[0];
    if (!FORMS.includes(maker.kind)) return tensor;
  }
}
