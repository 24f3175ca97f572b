/**
 * The time that a model takes on a board, estimated from instructions: with the ahead-of-time compiler of the kernels that it chose, in its own
 * kernels for the boards' chips and in portable C (kernel-costs.ts), with TFLite Micro of ESP-NN's (tflm-speed.ts).
 */
import { esp32cam } from "../board/esp32cam.js";
import type { Board } from "../board/types.js";
import type { Int8Graph } from "../graph/types.js";
import { KERNEL_COSTS } from "./kernel-costs.js";
import { tflmInstructions } from "./tflm-speed.js";
import type { Work } from "./work.js";
import type { KernelWork } from "./work-rows.js";

/** Flash cache misses and taken branches come on top of the instructions: 380 ms on the chip for person detection, whose instructions were counted. */
export const CYCLES_PER_INSTRUCTION = 1.2;

const COUNTED = "kernels counted on a simulated Xtensa (clang 22 -O2)";
const ASSUMED_RATE = `${CYCLES_PER_INSTRUCTION.toFixed(2)} cycles per instruction, assumed: measured on the chip for ESP-NN`;

/** What a time is for, and what it rests on. */
export interface EstimateSource {
  readonly engine: "aot" | "tflm";
  /** The chip, or "portable": C11 without the chips' kernels. */
  readonly target: "esp32" | "esp32s3" | "portable";
  readonly source: string;
}

/** On the ESP32. */
export const ESTIMATES = {
  aot: { engine: "aot", target: "esp32", source: `generated C and assembly, ${COUNTED}, ${ASSUMED_RATE}` },
  portable: { engine: "aot", target: "portable", source: `generated C, ${COUNTED}, ${ASSUMED_RATE}` },
  tflm: {
    engine: "tflm",
    target: "esp32",
    source: `ESP-NN's C kernels counted on a simulated Xtensa (gcc -O2), ${CYCLES_PER_INSTRUCTION.toFixed(2)} cycles per instruction, measured on the chip`,
  },
} as const satisfies Readonly<Record<string, EstimateSource>>;

const LX7_RATE = `${CYCLES_PER_INSTRUCTION.toFixed(2)} cycles per instruction, assumed: nothing is measured on an LX7`;

/** On the ESP32-S3: its LX7 runs the ESP32's kernels; ESP-NN has kernels for its vector instructions, of which nothing is counted. */
const S3_ESTIMATES = {
  aot: { engine: "aot", target: "esp32s3", source: `generated C and assembly, ${COUNTED}, ${LX7_RATE}` },
  portable: { engine: "aot", target: "portable", source: `generated C, ${COUNTED}, ${LX7_RATE}` },
  tflm: {
    engine: "tflm",
    target: "esp32s3",
    source: "not estimated: ESP-NN's kernels for the S3's vector instructions are not counted",
  },
} as const satisfies Readonly<Partial<Record<EstimateName, EstimateSource>>>;

export type EstimateSources = Readonly<Partial<Record<EstimateName, EstimateSource>>>;

export function estimatesFor({ chip }: Pick<Board, "chip">): EstimateSources {
  return chip === "esp32" ? ESTIMATES : S3_ESTIMATES;
}

export type EstimateName = keyof typeof ESTIMATES;

/** Processor cycles, a whole number, and milliseconds at the board's clock. */
export interface Estimate {
  readonly cycles: number;
  readonly ms: number;
}

export function estimateOf(instructions: number, { cpuHz }: Pick<Board, "cpuHz"> = esp32cam): Estimate {
  const cycles = Math.round(CYCLES_PER_INSTRUCTION * instructions);
  // Microseconds are the last digits shown: an estimate has no more.
  return { cycles, ms: Math.round((cycles / cpuHz) * 1e6) / 1e3 };
}

/** The instructions of one engine, for each operator of the graph and of the whole. */
export interface Instructions {
  readonly perOperator: readonly number[];
  /** More than the sum where copies stand for no operator. */
  readonly total: number;
}

/** Of generated C that does this work. */
export function aotInstructions(graph: Int8Graph, works: readonly KernelWork[]): Instructions {
  const perOperator = graph.operators.map(() => 0);
  let total = 0;
  for (const { kernel, operator, work } of works) {
    const instructions = kernelInstructions(kernel, work);
    total += instructions;
    if (operator >= 0) perOperator[operator] += instructions;
  }
  return { perOperator, total };
}

export function tflmInstructionsOf(graph: Int8Graph): Instructions {
  const perOperator = graph.operators.map((operator) => tflmInstructions(graph, operator));
  return { perOperator, total: perOperator.reduce((sum, instructions) => sum + instructions, 0) };
}

/** Throws TypeError for a kernel that has no figure: bench/speed-model.ts gives it one. */
export function kernelInstructions(kernel: string, work: Work): number {
  const cost = KERNEL_COSTS[kernel];
  if (cost === undefined) throw new TypeError(`src/inspect/kernel-costs.ts has no figure for ${kernel}`);
  return Object.entries(cost.instructions).reduce((sum, [unit, each]) => sum + each * (work[unit] ?? 0), 0);
}
