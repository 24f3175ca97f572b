/** What a caller must know of a model, as C macros in the library's header. */
import { cString } from "../emit/c/escape.js";
import type { ModelDescription } from "../graph/bundle.js";
import type { Int8Graph, Tensor } from "../graph/types.js";
import type { ModelFile } from "./model-file.js";

/** `#define` lines for one model; `upper` is the prefix of the macros. */
export function constantLines(model: ModelFile, upper: string): string[] {
  const { graph, description, sha256 } = model;
  return [
    `#define ${upper}_MODEL_SHA256 "${sha256}" /* of the .tflite file */`,
    "",
    "/* Quantization: real value = SCALE * (q - ZERO_POINT). Shapes are NHWC. */",
    ...ends(graph).flatMap(({ role, tensor }) => tensorLines(`${upper}_${role}`, tensor)),
    ...(description === undefined ? [] : ["", ...descriptionLines(description, upper)]),
  ];
}

/** A model's inputs and outputs with the word that stands for each in C names: INPUT, or INPUT_0, INPUT_1 ... where there are several. */
export function ends(graph: Int8Graph): { readonly role: string; readonly tensor: Tensor }[] {
  const named = (indices: readonly number[], word: string) =>
    indices.map((index, i) => ({
      role: indices.length === 1 ? word : `${word}_${i}`,
      tensor: graph.tensors[index],
    }));
  return [...named(graph.inputs, "INPUT"), ...named(graph.outputs, "OUTPUT")];
}

function tensorLines(prefix: string, { shape, quantization }: Tensor): string[] {
  const lines = [`#define ${prefix}_SHAPE { ${shape.length === 0 ? 1 : shape.join(", ")} }`];
  if (quantization === undefined) return lines;
  return [
    ...lines,
    `#define ${prefix}_SCALE ${cFloat(quantization.scale[0])}`,
    `#define ${prefix}_ZERO_POINT ${cInteger(quantization.zeroPoint[0])}`,
  ];
}

function descriptionLines({ labels, positive, thresholdMargin }: ModelDescription, upper: string): string[] {
  return [
    "/* The outputs' labels in order; the decision: output[POSITIVE] minus the largest other output is at least THRESHOLD_MARGIN. */",
    `#define ${upper}_LABEL_COUNT ${labels.length}`,
    `#define ${upper}_LABELS { ${labels.map(cString).join(", \\\n    ")} }`,
    `#define ${upper}_POSITIVE ${positive}`,
    `#define ${upper}_THRESHOLD_MARGIN ${cInteger(thresholdMargin)}`,
  ];
}

/** A float constant that reads back as the same float: nine significant digits are enough for any (C11 5.2.4.2.2, FLT_DECIMAL_DIG). */
export function cFloat(value: number): string {
  const text = String(Number(Math.fround(value).toPrecision(9)));
  return `${/[.e]/.test(text) ? text : `${text}.0`}f`;
}

/** Negative numbers in a macro keep their value next to an operator. */
function cInteger(value: number): string {
  return value < 0 ? `(${value})` : String(value);
}

/** The emitted header, callable from C++, with the constants after its includes. */
export function libraryHeader(emitted: string, constants: readonly string[]): string {
  const includes = [...emitted.matchAll(/^#include .*\n/gm)].at(-1);
  const end = emitted.lastIndexOf("\n#endif");
  if (includes === undefined || end < 0) throw new Error("the emitted header has no includes or no guard");
  const start = includes.index + includes[0].length;
  const body = emitted.slice(start, end);
  const open = '\n#ifdef __cplusplus\nextern "C" {\n#endif\n';
  const close = "\n#ifdef __cplusplus\n}\n#endif\n";
  const known = body.includes('extern "C"');
  return `${emitted.slice(0, start)}\n${constants.join("\n")}\n${known ? body : `${open}${body}${close}`}${emitted.slice(end)}`;
}
