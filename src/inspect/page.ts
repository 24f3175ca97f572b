/** An inspection as one HTML page without scripts or outside references. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot, toolVersion } from "../files/package-root.js";
import { foreign, integer, shortened } from "../report/format.js";
import type { Inspection, TensorFacts } from "./inspect.js";
import type { EngineMemory } from "./memory.js";
import { arenaDrawing } from "./picture.js";
import { LIGHT_LIMIT_MS, type PressToLight } from "./press-to-light.js";
import type { EstimateName, EstimateSource } from "./speed.js";
import { kernelText, milliseconds } from "./text.js";

export async function inspectionPage(inspection: Inspection): Promise<string> {
  const { default: Handlebars } = await import("handlebars");
  const templates = join(packageRoot, "templates");
  const page = Handlebars.create().compile(await readFile(join(templates, "inspect.html.hbs"), "utf8"), {
    strict: true,
  });
  return page({
    ...view(inspection),
    toolVersion,
    arenaHtml: await arenaDrawing(inspection),
    styleCss: await readFile(join(templates, "report", "report.css"), "utf8"),
  });
}

function view(inspection: Inspection) {
  const { model, inputs, outputs, totals, arena, engines, speed, description } = inspection;
  const ends = [...inputs.map((t) => end("input", t)), ...outputs.map((t) => end("output", t))];
  return {
    title: foreign(model.file),
    modelBytes: integer(model.bytes),
    sha256: model.sha256,
    labels: description === null ? "none" : description.labels.map(foreign).join(", "),
    ends,
    operators: inspection.operators.map((operator) => ({
      index: String(operator.index),
      kind: operator.kind,
      input: shape(operator.inputs[0]),
      output: shape(operator.outputs[0]),
      scale: String(operator.outputs[0].scales[0] ?? "-"),
      zeroPoint: String(operator.outputs[0].zeroPoints[0] ?? "-"),
      macs: integer(operator.macs),
      weightBytes: integer(operator.weightBytes),
      kernel: kernelText(operator.kernels),
      aotMs: milliseconds(operator.estimates.aot, 3),
      tflmMs: milliseconds(operator.estimates.tflm, 3),
    })),
    macs: integer(totals.macs),
    weightBytes: integer(totals.weightBytes),
    times: (Object.entries(speed.estimates) as [EstimateName, EstimateSource][]).map(([name, estimate]) => ({
      ...estimate,
      ms: milliseconds(totals.estimates[name], 1),
    })),
    assumed: speed.assumedKernels.join(", "),
    press: pressView(inspection),
    mhz: String(speed.cpuHz / 1e6),
    board: speed.board,
    arenaBytes: arena === null ? "not defined" : integer(arena.bytes),
    lowerBound: arena === null ? "not defined" : integer(arena.lowerBound),
    tenants: (arena?.tenants ?? []).map(({ name, offset, bytes, from, to }) => ({
      name: shortened(name, 60),
      offset: integer(offset),
      bytes: integer(bytes),
      steps: `${from} to ${to}`,
    })),
    engines: engines.map(engine),
  };
}

/** Strings only: an empty one is not shown. */
function pressView({ pressToLight }: Inspection) {
  const { aot = null, tflm = null, settings } = pressToLight ?? {};
  const total = (press: PressToLight | null) => (press === null ? "" : String(Math.ceil(press.ms)));
  return {
    computed: pressToLight === null ? "" : "yes",
    aotMs: total(aot),
    tflmMs: total(tflm),
    withinLimit: aot?.withinLimit === true ? "yes" : "",
    limitMs: String(LIGHT_LIMIT_MS),
    burst: String(settings?.burst ?? ""),
    detector: settings?.detector?.kind ?? "",
    boxSize: String(settings?.boxSize ?? ""),
    debounceMs: String(settings?.debounceMs ?? ""),
    parts: (aot?.parts ?? []).map(({ what, ms, origin }) => ({ what, ms: ms.toFixed(1), origin })),
  };
}

function end(role: string, { name, type, shape: sizes, scales, zeroPoints }: TensorFacts) {
  return {
    role,
    name: foreign(name),
    type,
    shape: sizes.join(" × "),
    scale: String(scales[0] ?? "-"),
    zeroPoint: String(zeroPoints[0] ?? "-"),
  };
}

function engine({ engine: name, target, refused, flash, ram, flashBytes, ramBytes }: EngineMemory) {
  const figures = [
    ...flash.map((figure) => ({ kind: "flash", ...figure })),
    ...ram.map((figure) => ({ kind: "RAM", ...figure })),
  ];
  return {
    title: `${name} on ${target}`,
    refused: refused === null ? "" : foreign(refused),
    flashBytes: integer(flashBytes),
    ramBytes: integer(ramBytes),
    figures: figures.map(({ kind, what, bytes, exact, origin }) => ({
      kind,
      what,
      bytes: `${exact ? "" : "about "}${integer(bytes)}`,
      origin,
    })),
  };
}

function shape(tensor: TensorFacts | null | undefined): string {
  return tensor?.shape.join(" × ") ?? "-";
}
