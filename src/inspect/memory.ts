/** Flash and RAM that a model takes with each engine on the ESP32-CAM: every figure with where it comes from. */
import type { KernelCall } from "../emit/c/kernel-call.js";
import type { EmittedC } from "../emit/c/model.js";
import { emitTflmEngine, firmwareArena } from "../emit/tflite/tflm-engine.js";
import { UserError } from "../errors.js";
import { elementCount, type Int8Graph } from "../graph/types.js";

export interface Figure {
  readonly what: string;
  readonly bytes: number;
  /** False: an estimate. */
  readonly exact: boolean;
  readonly origin: string;
}

export interface EngineMemory {
  readonly engine: "aot" | "tflm";
  readonly target: string;
  /** Why the engine cannot run the model; then there are no figures. */
  readonly refused: string | null;
  readonly flash: readonly Figure[];
  readonly ram: readonly Figure[];
  readonly flashBytes: number;
  readonly ramBytes: number;
}

/**
 * Code of one specialised kernel function in bytes, literals included: means over the functions generated for keyword spotting, micro speech and
 * smilec's own 48x48 network, xtensa-lx106-elf-gcc 12.2 -O2.
 */
const KERNEL_CODE: ReadonlyMap<string, number> = new Map([
  ["smk_conv_pairs", 1400],
  ["smk_conv_few", 610],
  ["smk_conv_single", 630],
  ["smk_depthwise", 1070],
  ["smk_average_pool", 200],
  ["smk_softmax", 640],
  ["smk_add", 235],
  ["smk_mean", 150],
  ["smk_lx6_conv_point", 230],
  ["smk_lx6_conv_rows", 340],
  ["smk_lx6_conv_patches", 410],
  ["smk_lx6_depthwise", 300],
]);
/** Kernels that have not been measured. */
const OTHER_KERNEL_CODE = 500;
/** The entry points; and per kernel call its parameters in flash and the call itself. Measured as above. */
const ENTRY_CODE = 200;
const CALL_BYTES = 60;

/** Text of firmware/kernels/lx6/smk_lx6.S, which is linked as a whole: GNU as 2.40 for the ESP32. */
const LX6_ASSEMBLY = 2127;

/** Interpreter, allocator, operator resolver and kernels of TFLite Micro. */
const TFLM_CODE = 60 * 1024;

/** `target`: id of the board. */
export function aotMemory(graph: Int8Graph, emitted: EmittedC | UserError, target: string): EngineMemory {
  if (emitted instanceof UserError) return refused("aot", target, emitted);
  const { calls } = emitted;
  const golden = [...graph.inputs, ...graph.outputs].map((index) => elementCount(graph.tensors[index].shape));
  const flash = [
    exact("constants", emitted.weightBytes, "weights, biases, multipliers and tables of the generated C"),
    exact("golden example", sum(golden), "input and output of the self-test"),
    estimate("code", aotCode(calls), "mean size of each kernel's code, xtensa gcc 12.2 -O2"),
    ...(emitted.kernelSources.length === 0
      ? []
      : [exact("assembly", LX6_ASSEMBLY, "inner loops for the ESP32's multiply-accumulator")]),
  ];
  return engine("aot", target, flash, [exact("arena", emitted.arenaBytes, "the generated C's only variable")]);
}

/** Layers that differ in data only share a function (emit/c/call-text.ts). */
function aotCode(calls: readonly KernelCall[]): number {
  const functions = new Map<string, string>();
  for (const { kernel, arguments: passed } of calls) {
    functions.set(`${kernel} ${JSON.stringify(passed.filter(({ kind }) => kind === "literal"))}`, kernel);
  }
  const code = [...functions.values()].map((kernel) => KERNEL_CODE.get(kernel) ?? OTHER_KERNEL_CODE);
  return ENTRY_CODE + CALL_BYTES * calls.length + sum(code);
}

export function tflmMemory(graph: Int8Graph, file: Uint8Array, target: string): EngineMemory {
  try {
    emitTflmEngine(graph, file, "inspection", "esp32");
  } catch (error) {
    if (error instanceof UserError) return refused("tflm", target, error);
    throw error;
  }
  const { arenaBytes, bytes, headBytes, tailBytes } = firmwareArena(graph, "esp32");
  const allocator = "TFLite Micro's allocator replayed with the structures of a 32-bit target";
  return engine(
    "tflm",
    target,
    [
      exact("model file", file.length, "the flatbuffer as a C array"),
      estimate(
        "code",
        TFLM_CODE,
        "interpreter, resolver and kernels, about 60 KiB for a small network on a 32-bit target",
      ),
    ],
    [
      exact("tensors and scratch", headBytes, `head of the arena: ${allocator}`),
      exact("persistent data", tailBytes, `tail of the arena: ${allocator}`),
      exact("preparation", bytes - headBytes - tailBytes, "what preparing needs beyond both, and rounding to 16"),
      exact("margin", arenaBytes - bytes, "a sixteenth of the persistent data, as in the firmware"),
    ],
  );
}

function refused(name: EngineMemory["engine"], target: string, { message }: UserError): EngineMemory {
  return { engine: name, target, refused: message, flash: [], ram: [], flashBytes: 0, ramBytes: 0 };
}

function engine(
  name: EngineMemory["engine"],
  target: string,
  flash: readonly Figure[],
  ram: readonly Figure[],
): EngineMemory {
  const total = (figures: readonly Figure[]) => sum(figures.map(({ bytes }) => bytes));
  return { engine: name, target, refused: null, flash, ram, flashBytes: total(flash), ramBytes: total(ram) };
}

function exact(what: string, bytes: number, origin: string): Figure {
  return { what, bytes, exact: true, origin };
}

function estimate(what: string, bytes: number, origin: string): Figure {
  return { what, bytes, exact: false, origin };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
