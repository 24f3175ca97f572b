/** An inspection as text for a terminal. Names from the file are made plain, so that no control sequence in a model reaches the terminal. */
import { textTable, thousands } from "../commands/table.js";
import { arenaMap, tenantLetter } from "./arena-map.js";
import type { ArenaFacts, Inspection, OperatorFacts, TensorFacts } from "./inspect.js";
import type { EngineMemory } from "./memory.js";
import { pressLines } from "./press-to-light.js";
import type { Estimate, EstimateName, EstimateSource } from "./speed.js";

/** Longest name shown. */
const NAME = 44;

export function inspectionText(inspection: Inspection): string {
  const { model, description, totals, arena, engines } = inspection;
  return [
    `${plain(model.file)}: ${thousands(model.bytes)} bytes, SHA-256 ${model.sha256}`,
    ...inspection.inputs.map((tensor) => `input   ${tensorText(tensor)}`),
    ...inspection.outputs.map((tensor) => `output  ${tensorText(tensor)}`),
    description === null
      ? "labels  none: smilec did not make this model"
      : `labels  ${description.labels.map((label) => plain(label)).join(", ")}; positive: ${plain(description.labels[description.positive] ?? "")}, threshold: margin ${description.thresholdMargin}`,
    "",
    operatorTable(inspection.operators),
    "",
    `${totals.operators} operators, ${thousands(totals.macs)} multiply-accumulates, ${thousands(totals.weightBytes)} bytes of constants`,
    "",
    ...timeText(inspection),
    "",
    ...pressText(inspection),
    "",
    ...(arena === null ? [] : [...arenaText(arena), ""]),
    ...engines.flatMap(engineText),
  ].join("\n");
}

function operatorTable(operators: readonly OperatorFacts[]): string {
  const header = [
    "#",
    "operator",
    "input",
    "output",
    "scale",
    "zero point",
    "MACs",
    "constants",
    "kernel",
    "aot ms",
    "tflm ms",
  ];
  const rows = operators.map(({ index, kind, inputs, outputs, macs, weightBytes, kernels, estimates }) => [
    index,
    kind,
    shapeText(inputs[0]?.shape ?? []),
    shapeText(outputs[0].shape),
    outputs[0].scales[0]?.toPrecision(5) ?? "-",
    outputs[0].zeroPoints[0] ?? "-",
    macs === 0 ? "-" : thousands(macs),
    weightBytes === 0 ? "-" : thousands(weightBytes),
    kernelText(kernels),
    milliseconds(estimates.aot, 3),
    milliseconds(estimates.tflm, 3),
  ]);
  return textTable(header, rows);
}

/** Kernels without their common prefix. */
export function kernelText(kernels: readonly string[]): string {
  return kernels.length === 0 ? "-" : kernels.map((kernel) => kernel.replace(/^smk_/, "")).join(" ");
}

/** "-" for an engine that refuses the model. */
export function milliseconds(estimate: Estimate | null, digits: number): string {
  return estimate === null ? "-" : estimate.ms.toFixed(digits);
}

function timeText({ totals, speed }: Inspection): string[] {
  const lines = (Object.entries(speed.estimates) as [EstimateName, EstimateSource][]).map(([name, estimate]) => {
    const { engine, target, source } = estimate;
    const time = milliseconds(totals.estimates[name], 1);
    return `  ${engine.padEnd(5)} ${target.padEnd(9)} ${time.padStart(8)} ms  ${source}`;
  });
  const { assumedKernels } = speed;
  const assumed =
    assumedKernels.length === 0
      ? []
      : [`  (not counted but assumed: the instructions of ${assumedKernels.join(", ")})`];
  return [
    `estimated time on the ${speed.board} at ${speed.cpuHz / 1e6} MHz, by engine and target`,
    ...lines,
    ...assumed,
  ];
}

/** In parts with generated C; the other engine differs in the network's time only. */
function pressText({ pressToLight, speed }: Inspection): string[] {
  if (pressToLight === null) return ["press to light: not computed, as the bot looks at one square grey picture"];
  const { aot, tflm, settings } = pressToLight;
  const { burst, debounceMs, boxSize, detector } = settings;
  const other = tflm === null ? "not known" : `at most ${Math.ceil(tflm.ms)} ms`;
  return [
    ...(aot === null ? ["press to light: not known"] : pressLines(aot)),
    `  on the ${speed.board}; ${burst} frames, ${detector === undefined ? "" : `the ${detector.kind} detector, `}a box of ${boxSize} pixels, ${debounceMs} ms of debounce; with engine tflm ${other}`,
  ];
}

function arenaText(arena: ArenaFacts): string[] {
  const rows = arena.tenants.map(({ name, offset, bytes, from, to }, i) => [
    tenantLetter(i),
    thousands(offset),
    thousands(bytes),
    `${from} to ${to}`,
    plain(name),
  ]);
  return [
    `arena over time: ${thousands(arena.bytes)} bytes, largest live set ${thousands(arena.lowerBound)}`,
    ...arenaMap(arena),
    ...(rows.length === 0 ? [] : ["", textTable(["", "offset", "bytes", "steps", "holds"], rows)]),
  ];
}

function engineText({ engine, target, refused, flash, ram, flashBytes, ramBytes }: EngineMemory): string[] {
  if (refused !== null) return [`${engine} on ${target}: cannot run this model: ${plain(refused, 200)}`, ""];
  const lines = [
    ...flash.map((figure) => ({ ...figure, kind: "flash" })),
    ...ram.map((figure) => ({ ...figure, kind: "RAM" })),
  ].map(
    ({ kind, what, bytes, exact, origin }) =>
      `  ${kind.padEnd(5)} ${what.padEnd(20)} ${`${exact ? "" : "about "}${thousands(bytes)}`.padStart(14)}  ${origin}`,
  );
  const estimated = flash.some(({ exact }) => !exact) ? "about " : "";
  return [
    `${engine} on ${target}: flash ${estimated}${thousands(flashBytes)} bytes, RAM ${thousands(ramBytes)} bytes`,
    ...lines,
    "",
  ];
}

function tensorText({ name, type, shape, scales, zeroPoints }: TensorFacts): string {
  const quantization = scales.length === 0 ? "" : `, scale ${scales[0]}, zero point ${zeroPoints[0]}`;
  return `${plain(name)}: ${type} [${shape.join(", ")}]${quantization}`;
}

function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? "scalar" : shape.join("x");
}

/** One line without control, format or private characters, shortened in the middle. */
export function plain(text: string, longest = NAME): string {
  const points = [...text.replace(/[\p{C}\u2028\u2029]/gu, "\ufffd")];
  if (points.length <= longest) return points.join("");
  const half = Math.floor((longest - 1) / 2);
  return `${points.slice(0, half).join("")}…${points.slice(-half).join("")}`;
}
