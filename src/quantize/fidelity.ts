/** How far the int8 graph is from the float model, layer by layer. */
import { ReferenceInterpreter } from "../graph/interpreter.js";
import type { Int8Graph } from "../graph/types.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import { runFloat } from "../train/forward.js";
import type { FloatModel } from "../train/network.js";
import type { QuantizedNetwork } from "./build-graph.js";
import type { Int8Pictures } from "./calibrate.js";
import { dequantizeInput } from "./quantize.js";

export interface LayerFidelity {
  readonly layer: string;
  /** 10 log10(sum of float^2 / sum of (float - dequantized)^2) over all pictures, dB; large is good. */
  readonly signalToNoiseDb: number;
  /** Fraction of values at either end of the int8 range. */
  readonly saturated: number;
}

/** Compares every layer's output on the pictures; worst first. Noise includes what earlier layers brought along. */
export async function layerFidelity(
  model: FloatModel,
  quantized: QuantizedNetwork,
  spec: PreprocessSpec,
  pictures: Int8Pictures,
): Promise<LayerFidelity[]> {
  const interpreter = new ReferenceInterpreter(quantized.graph);
  const sums = quantized.layerTensors.map(() => ({ signal: 0, noise: 0, saturated: 0, count: 0 }));
  for await (const picture of pictures) {
    const outputs = runFloat(model, dequantizeInput(picture, spec));
    interpreter.run([picture]);
    quantized.layerTensors.forEach((tensor, layer) => {
      accumulate(sums[layer], outputs[layer], interpreter.tensor(tensor) as Int8Array, quantized.graph, tensor);
    });
  }
  const rows = sums.map((sum, layer) => ({
    layer: model.network.layers[layer].name,
    signalToNoiseDb: 10 * Math.log10(sum.signal / Math.max(sum.noise, 1e-12)),
    saturated: sum.saturated / Math.max(sum.count, 1),
  }));
  return rows.slice(1).sort((a, b) => a.signalToNoiseDb - b.signalToNoiseDb);
}

interface Sums {
  signal: number;
  noise: number;
  saturated: number;
  count: number;
}

function accumulate(sum: Sums, wanted: Float32Array, got: Int8Array, graph: Int8Graph, tensor: number): void {
  const { scale, zeroPoint } = graph.tensors[tensor].quantization!;
  for (let i = 0; i < wanted.length; i++) {
    const error = wanted[i] - scale[0] * (got[i] - zeroPoint[0]);
    sum.signal += wanted[i] * wanted[i];
    sum.noise += error * error;
    // The lower end of a rectified activation is its 0, not an overflow.
    if (got[i] === 127 || (got[i] === -128 && zeroPoint[0] !== -128)) sum.saturated++;
  }
  sum.count += wanted.length;
}
