/** Everything `smilec inspect` says about a model, as plain data: the JSON of `--json` is exactly this. */
import { esp32cam } from "../board/esp32cam.js";
import type { ModelFile } from "../compile/model-file.js";
import { lowerGraph } from "../emit/c/lower.js";
import type { EmittedC } from "../emit/c/model.js";
import { UserError } from "../errors.js";
import type { ModelDescription } from "../graph/bundle.js";
import { operatorConstantBytes, operatorMacs } from "../graph/cost.js";
import type { Int8Graph, Operator, Tensor } from "../graph/types.js";
import { aotMemory, compileForInspection, type EngineMemory, tflmMemory } from "./memory.js";
import { estimatedCycles, type LayerClass, layerClass, SPEED_MODEL } from "./speed.js";

export interface TensorFacts {
  /** Index in the file. */
  readonly index: number;
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  /** One value, or one per channel along `axis`; empty when not quantized. */
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly axis: number;
  /** Bytes of a constant; null for an activation. */
  readonly constantBytes: number | null;
}

export interface OperatorFacts {
  readonly index: number;
  readonly kind: string;
  /** Null for an absent optional input. */
  readonly inputs: readonly (TensorFacts | null)[];
  readonly outputs: readonly TensorFacts[];
  readonly macs: number;
  /** Constants its inputs name; one that several operators name is counted for each. */
  readonly weightBytes: number;
  readonly estimatedCycles: number;
  readonly estimatedMs: number;
  readonly costClass: LayerClass;
}

export interface ArenaTenantFacts {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  /** First and last step, both included. */
  readonly from: number;
  readonly to: number;
}

export interface ArenaFacts {
  readonly bytes: number;
  /** Largest sum of sizes alive at one step: no plan can be smaller. */
  readonly lowerBound: number;
  /** Kernel calls in order: the operator each computes, -1 for a copy. */
  readonly steps: readonly number[];
  readonly tenants: readonly ArenaTenantFacts[];
}

export interface Inspection {
  readonly formatVersion: 1;
  readonly model: { readonly file: string; readonly bytes: number; readonly sha256: string; readonly name: string };
  /** Null for a model that smilec did not make. */
  readonly description: ModelDescription | null;
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  readonly operators: readonly OperatorFacts[];
  readonly totals: {
    readonly operators: number;
    readonly macs: number;
    /** Each constant counted once. */
    readonly weightBytes: number;
    readonly estimatedCycles: number;
    readonly estimatedMs: number;
  };
  /** Of the ahead-of-time compiler; null when it refuses the model (see `engines`). */
  readonly arena: ArenaFacts | null;
  readonly engines: readonly EngineMemory[];
  readonly speed: { readonly board: string; readonly cpuHz: number; readonly source: string };
}

export function inspectModel(model: ModelFile): Inspection {
  const { graph } = model;
  const emitted = compileForInspection(graph);
  const operators = graph.operators.map((operator, index) => operatorFacts(graph, operator, index));
  const cycles = operators.reduce((sum, operator) => sum + operator.estimatedCycles, 0);
  const facts = (indices: readonly number[]) => indices.map((index) => tensorFacts(graph.tensors[index], index));
  return {
    formatVersion: 1,
    model: { file: model.fileName, bytes: model.bytes.length, sha256: model.sha256, name: graph.name },
    description: model.description ?? null,
    inputs: facts(graph.inputs),
    outputs: facts(graph.outputs),
    operators,
    totals: {
      operators: operators.length,
      macs: operators.reduce((sum, { macs }) => sum + macs, 0),
      weightBytes: constantBytes(graph),
      estimatedCycles: cycles,
      estimatedMs: milliseconds(cycles),
    },
    arena: emitted instanceof UserError ? null : arenaFacts(graph, emitted),
    engines: [aotMemory(graph, emitted), tflmMemory(graph, model.bytes)],
    speed: { board: SPEED_MODEL.board, cpuHz: esp32cam.cpuHz, source: SPEED_MODEL.source },
  };
}

function operatorFacts(graph: Int8Graph, operator: Operator, index: number): OperatorFacts {
  const facts = (tensor: number) => tensorFacts(graph.tensors[tensor], tensor);
  const cycles = estimatedCycles(graph, operator);
  return {
    index,
    kind: operator.kind,
    inputs: operator.inputs.map((tensor) => (tensor < 0 ? null : facts(tensor))),
    outputs: operator.outputs.map(facts),
    macs: operatorMacs(graph, operator),
    weightBytes: operatorConstantBytes(graph, operator),
    estimatedCycles: cycles,
    estimatedMs: milliseconds(cycles),
    costClass: layerClass(graph, operator),
  };
}

function tensorFacts({ name, type, shape, quantization, data }: Tensor, index: number): TensorFacts {
  return {
    index,
    name,
    type,
    shape: [...shape],
    // As short as the float32 in the file allows.
    scales: [...(quantization?.scale ?? [])].map((scale) => Number(scale.toPrecision(9))),
    zeroPoints: [...(quantization?.zeroPoint ?? [])],
    axis: quantization?.axis ?? 0,
    constantBytes: data?.byteLength ?? null,
  };
}

/** Microseconds are the last digits shown: an estimate has no more. */
function milliseconds(cycles: number): number {
  return Math.round((cycles / esp32cam.cpuHz) * 1e6) / 1e3;
}

/** Tensors that share their bytes in the file share one array. */
function constantBytes({ tensors }: Int8Graph): number {
  const arrays = new Set(tensors.flatMap(({ data }) => (data === undefined ? [] : [data])));
  return [...arrays].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function arenaFacts(graph: Int8Graph, emitted: EmittedC): ArenaFacts {
  return {
    bytes: emitted.arenaBytes,
    lowerBound: emitted.plan.lowerBound,
    steps: lowerGraph(graph).calls.map(({ operator }) => operator),
    tenants: emitted.arena.map(({ name, offset, bytes, from, to }) => ({ name, offset, bytes, from, to })),
  };
}
