/** What a network will cost on the board, known before it is trained: its int8 graph with arbitrary weights has the costs of the real one. */
import type { Board } from "../board/types.js";
import { BOARD_KERNELS } from "../emit/c/lower.js";
import { planCalls } from "../emit/c/model.js";
import { writeTflite } from "../emit/tflite/write.js";
import { graphMacs } from "../graph/cost.js";
import type { Int8Graph } from "../graph/types.js";
import { aotInstructions, estimateOf } from "../inspect/speed.js";
import { kernelWorks } from "../inspect/work-rows.js";
import { inputQuantization, type PreprocessSpec } from "../preprocess/types.js";
import { buildGraph } from "../quantize/build-graph.js";
import { foldBatchNorm } from "../quantize/fold.js";
import { perTensor } from "../quantize/ranges.js";
import { initialParameters } from "../train/initialize.js";
import type { Network } from "../train/network.js";

export interface NetworkCost {
  /** Multiply-accumulates of one picture. */
  readonly macs: number;
  /** Of the float network, moving statistics of batch norm included. */
  readonly parameters: number;
  /** Size of model.tflite, a few hundred bytes more or less. */
  readonly modelBytes: number;
  /** Working memory of the generated C with the board's kernels. */
  readonly arenaBytes: number;
  /** Time of one picture on the board, estimated (src/inspect/speed.ts). */
  readonly deviceMs: number;
  /** Id of the board that the last two are for. */
  readonly board: string;
}

/** With engine aot on this board: its kernels and its clock. */
export function networkCost(network: Network, spec: PreprocessSpec, board: Board): NetworkCost {
  const parameters = initialParameters(network, 1);
  const graph = untrainedGraph(network, parameters, spec);
  const { calls, storage } = planCalls(graph, { target: BOARD_KERNELS });
  const works = calls.flatMap((call) => kernelWorks(graph, call));
  return {
    macs: graphMacs(graph),
    parameters: parameters.length,
    modelBytes: writeTflite(graph).length,
    arenaBytes: storage.plan.bytes,
    deviceMs: Math.round(10 * estimateOf(aotInstructions(graph, works).total, board).ms) / 10,
    board: board.id,
  };
}

/** One line for a person. */
export function describeCost({ macs, parameters, modelBytes, arenaBytes, deviceMs, board }: NetworkCost): string {
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
  const size = `${(parameters / 1000).toFixed(0)} k parameters, ${(macs / 1e6).toFixed(2)} M MAC`;
  return `${size}, model ${kilobytes(modelBytes)}, arena ${kilobytes(arenaBytes)}, about ${deviceMs.toFixed(0)} ms on ${board}`;
}

/** Ranges as a trained network has them: they decide which rescalings can be left out. */
function untrainedGraph(network: Network, parameters: Float32Array, spec: PreprocessSpec): Int8Graph {
  const activations = network.layers.map((layer) => {
    if (layer.kind === "input") {
      const { scale, zeroPoint } = inputQuantization(spec);
      return perTensor(scale, zeroPoint);
    }
    const positive = layer.kind === "mean" || ("activation" in layer && layer.activation === "relu6");
    return positive ? perTensor(Math.fround(6 / 255), -128) : perTensor(Math.fround(8 / 255), 3);
  });
  return buildGraph(network, foldBatchNorm({ network, parameters }), activations).graph;
}
