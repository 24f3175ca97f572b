/** A detector that nobody trained: every part of a real one, small, and many candidates in every frame. */
import { buildDetector } from "#smilec/locate/neural/architecture.js";
import { decodeTables } from "#smilec/locate/neural/box-code.js";
import { decodeNeuralModel, encodeNeuralModel, type NeuralModel } from "#smilec/locate/neural/model.js";
import { quantizeModel } from "#smilec/quantize/quantize.js";
import { initialParameters } from "#smilec/train/initialize.js";
import { Random } from "./random.js";

export const TINY_CANVAS = { width: 96, height: 64 };

export async function tinyDetector(threshold = 500): Promise<NeuralModel> {
  const random = new Random(31);
  const network = buildDetector(TINY_CANVAS, { widths: [4, 8, 8, 12, 8], depths: [0, 1, 1, 1, 1] });
  const parameters = initialParameters(network, 5).map((value) => value + 0.2 * random.real(-1, 1));
  const pixels = TINY_CANVAS.width * TINY_CANVAS.height;
  const pictures = Array.from({ length: 8 }, () => random.int8s(pixels));
  const model = { network, parameters };
  const { graph } = await quantizeModel(model, { normalize: "standardize" }, pictures, { percentile: 99.9 });
  const { confidence, side, ...tables } = decodeTables(graph.tensors[graph.outputs[0]].quantization!);
  const bytes = encodeNeuralModel(graph, {
    formatVersion: 1,
    kind: "neural",
    canvas: TINY_CANVAS,
    normalize: "standardize",
    tables: { confidence: [...confidence], side: [...side], ...tables },
    threshold,
    spread: 200,
  });
  return decodeNeuralModel(bytes, "the tiny detector");
}

/** The file of a detector that never sees anybody. */
export async function blindDetector(): Promise<Uint8Array> {
  const { graph, description } = await tinyDetector();
  return encodeNeuralModel(graph, {
    ...description,
    tables: { ...description.tables, confidence: new Array<number>(256).fill(0) },
  });
}
