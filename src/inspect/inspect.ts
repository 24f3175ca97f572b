/** Everything `smilec inspect` says about a model, as plain data: the JSON of `--json` is exactly this. */
import { esp32cam } from "../board/esp32cam.js";
import type { Board } from "../board/types.js";
import type { ModelFile } from "../compile/model-file.js";
import type { KernelCall } from "../emit/c/kernel-call.js";
import { BOARD_KERNELS } from "../emit/c/lower.js";
import { type EmittedC, planCalls } from "../emit/c/model.js";
import { UserError } from "../errors.js";
import type { ModelDescription } from "../graph/bundle.js";
import { operatorConstantBytes, operatorMacs } from "../graph/cost.js";
import type { Int8Graph, Operator, Tensor } from "../graph/types.js";
import { compileForInspection } from "./compiled.js";
import { KERNEL_COSTS } from "./kernel-costs.js";
import { aotMemory, type EngineMemory, tflmMemory } from "./memory.js";
import { defaultPressSettings, type PressSettings, type PressToLight, pressToLight } from "./press-to-light.js";
import {
  aotInstructions,
  CYCLES_PER_INSTRUCTION,
  type Estimate,
  type EstimateName,
  type EstimateSources,
  estimateOf,
  estimatesFor,
  type Instructions,
  tflmInstructionsOf,
} from "./speed.js";
import { type KernelWork, kernelWorks } from "./work-rows.js";

/** Null where the engine refuses the model. */
export type Estimates = Readonly<Record<EstimateName, Estimate | null>>;

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
  /** What the ahead-of-time compiler calls on the ESP32: nothing for an operator that it leaves out or makes part of another. */
  readonly kernels: readonly string[];
  readonly estimates: Estimates;
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
  readonly formatVersion: 2;
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
    readonly estimates: Estimates;
  };
  /** Of the ahead-of-time compiler on the ESP32; null when it refuses the model (see `engines`). */
  readonly arena: ArenaFacts | null;
  readonly engines: readonly EngineMemory[];
  readonly speed: SpeedFacts;
  /** Null for a model that the bot cannot run, as it looks at one square grey picture. */
  readonly pressToLight: PressFacts | null;
}

/** From the finger to the lights, in the worst case. Null for an engine that refuses the model, or whose time on the board is not known. */
export interface PressFacts {
  readonly settings: PressSettings;
  readonly aot: PressToLight | null;
  readonly tflm: PressToLight | null;
}

/** What the estimates are for, and what they rest on. */
export interface SpeedFacts {
  readonly board: string;
  readonly cpuHz: number;
  readonly cyclesPerInstruction: number;
  readonly estimates: EstimateSources;
  /** Kernels of this model whose instructions are assumed, not counted. */
  readonly assumedKernels: readonly string[];
}

/** With the kernels that a build for this board has, and at its clock. `settings` are those of the project whose bot it is for. */
export function inspectModel(
  model: ModelFile,
  board: Board = esp32cam,
  settings: PressSettings = defaultPressSettings(),
): Inspection {
  const { graph } = model;
  const compiled = compileForInspection(graph, BOARD_KERNELS);
  const tflm = tflmMemory(graph, model.bytes, board.id);
  const works = compiled instanceof UserError ? [] : worksOf(graph, compiled.calls);
  const instructions = allInstructions(graph, compiled, works, tflm, board);
  const estimates = (count: (name: EstimateName) => number | undefined) => estimatesOf(count, board);
  const operators = graph.operators.map((operator, index) => ({
    ...operatorFacts(graph, operator, index),
    kernels: kernelsOf(works, index),
    estimates: estimates((name) => instructions[name]?.perOperator[index]),
  }));
  const facts = (indices: readonly number[]) => indices.map((index) => tensorFacts(graph.tensors[index], index));
  return {
    formatVersion: 2,
    model: { file: model.fileName, bytes: model.bytes.length, sha256: model.sha256, name: graph.name },
    description: model.description ?? null,
    inputs: facts(graph.inputs),
    outputs: facts(graph.outputs),
    operators,
    totals: {
      operators: operators.length,
      macs: operators.reduce((sum, { macs }) => sum + macs, 0),
      weightBytes: constantBytes(graph),
      estimates: estimates((name) => instructions[name]?.total),
    },
    arena: compiled instanceof UserError ? null : arenaFacts(compiled),
    engines: [aotMemory(graph, compiled, board.id), tflm],
    speed: speedFacts(works, board),
    pressToLight: pressFacts(graph, (name) => instructions[name]?.total, board, settings),
  };
}

function pressFacts(
  graph: Int8Graph,
  instructions: (name: EstimateName) => number | undefined,
  board: Board,
  settings: PressSettings,
): PressFacts | null {
  const inputSize = pictureSide(graph);
  if (inputSize === undefined) return null;
  const of = (name: EstimateName) => {
    const networkInstructions = instructions(name);
    return networkInstructions === undefined
      ? null
      : pressToLight({ ...settings, board, inputSize, networkInstructions });
  };
  return { settings, aot: of("aot"), tflm: of("tflm") };
}

/** Of the only input where that is a square grey picture of int8, as the bot gives it. */
function pictureSide({ inputs, tensors }: Int8Graph): number | undefined {
  const { type, shape } = tensors[inputs[0]];
  const [batch, height, width, channels] = shape;
  const fits = inputs.length === 1 && type === "int8" && shape.length === 4 && batch === 1 && channels === 1;
  return fits && height === width ? width : undefined;
}

function worksOf(graph: Int8Graph, calls: readonly KernelCall[]): KernelWork[] {
  return calls.flatMap((call) => kernelWorks(graph, call));
}

/** Undefined for an engine that refuses the model; the compiler refuses it for every target or for none. */
function allInstructions(
  graph: Int8Graph,
  compiled: EmittedC | UserError,
  works: readonly KernelWork[],
  { refused }: EngineMemory,
  board: Board,
): Record<EstimateName, Instructions | undefined> {
  const tflm = refused === null && board.chip === "esp32" ? tflmInstructionsOf(graph) : undefined;
  if (compiled instanceof UserError) return { aot: undefined, portable: undefined, tflm };
  const portable = aotInstructions(graph, worksOf(graph, planCalls(graph).calls));
  return { aot: aotInstructions(graph, works), portable, tflm };
}

function estimatesOf(instructions: (name: EstimateName) => number | undefined, board: Board): Estimates {
  const of = (name: EstimateName) => {
    const count = instructions(name);
    return count === undefined ? null : estimateOf(count, board);
  };
  return { aot: of("aot"), portable: of("portable"), tflm: of("tflm") };
}

/** Each once, in the order of the calls. */
function kernelsOf(works: readonly KernelWork[], operator: number): string[] {
  return [...new Set(works.filter((work) => work.operator === operator).map(({ kernel }) => kernel))];
}

function speedFacts(works: readonly KernelWork[], board: Board): SpeedFacts {
  const used = new Set(works.map(({ kernel }) => kernel));
  return {
    board: board.id,
    cpuHz: board.cpuHz,
    cyclesPerInstruction: CYCLES_PER_INSTRUCTION,
    estimates: estimatesFor(board),
    assumedKernels: [...used].filter((kernel) => KERNEL_COSTS[kernel]?.origin === "assumed").sort(),
  };
}

function operatorFacts(graph: Int8Graph, operator: Operator, index: number) {
  const facts = (tensor: number) => tensorFacts(graph.tensors[tensor], tensor);
  return {
    index,
    kind: operator.kind,
    inputs: operator.inputs.map((tensor) => (tensor < 0 ? null : facts(tensor))),
    outputs: operator.outputs.map(facts),
    macs: operatorMacs(graph, operator),
    weightBytes: operatorConstantBytes(graph, operator),
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

/** Tensors that share their bytes in the file share one array. */
function constantBytes({ tensors }: Int8Graph): number {
  const arrays = new Set(tensors.flatMap(({ data }) => (data === undefined ? [] : [data])));
  return [...arrays].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function arenaFacts(emitted: EmittedC): ArenaFacts {
  const { calls } = emitted;
  return {
    bytes: emitted.arenaBytes,
    lowerBound: emitted.plan.lowerBound,
    steps: calls.map(({ operator }) => operator),
    tenants: emitted.arena.map(({ name, offset, bytes, from, to }) => ({ name, offset, bytes, from, to })),
  };
}
