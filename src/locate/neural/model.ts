/**
 * A detector ready to be deployed: the exact integer graph and what its canvas and map mean. One file, `model.tflite`: the description travels in the
 * metadata buffer named {@link LOCATOR_KEY}, so the file alone says how to feed it and how to read its map.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { readTflite } from "../../emit/tflite/read.js";
import { writeTflite } from "../../emit/tflite/write.js";
import { UserError } from "../../errors.js";
import type { Int8Graph } from "../../graph/types.js";
import { OUTPUT_CHANNELS } from "../../train/detection-loss.js";

import { CELL } from "./box-code.js";

export const LOCATOR_KEY = "smilec-locator";

/** Pixels of the largest canvas: sums of squares stay below 2^32. */
const LARGEST_CANVAS = 32768;
/** Columns and rows that the firmware has room for; see SM_NEURAL_* in sm_neural.h. */
const LARGEST_EXTENT = 256;
const MOST_CELLS = 512;

const extent = z.int().min(CELL).max(LARGEST_EXTENT).multipleOf(CELL);
const rising = (most: number) =>
  z
    .array(z.int().min(0).max(most))
    .length(256)
    .refine((values) => values.every((value, i) => i === 0 || value >= values[i - 1]), {
      error: "the table falls somewhere",
    });

export const locatorDescriptionSchema = z
  .object({
    formatVersion: z.literal(1),
    kind: z.literal("neural"),
    canvas: z.object({ width: extent, height: extent }),
    normalize: z.enum(["standardize", "none"]),
    /** See DecodeTables. */
    tables: z.object({
      confidence: rising(1000),
      side: rising(16 * LARGEST_EXTENT),
      offset: z.int().min(1).max(4000),
      zero: z.int().min(-128).max(127),
    }),
    /** Confidence from which on a face counts, per mille. */
    threshold: z.int().min(1).max(1000),
    /** How much less confident than the surest candidate another may be and still count, per mille. */
    spread: z.int().min(0).max(1000),
  })
  .refine(({ canvas: { width, height } }) => width * height <= LARGEST_CANVAS, { error: "the canvas is too large" })
  .refine(({ canvas: { width, height } }) => width * height <= MOST_CELLS * CELL * CELL, {
    error: "the map has too many cells",
  });

export type LocatorDescription = z.infer<typeof locatorDescriptionSchema>;

export interface NeuralModel {
  readonly graph: Int8Graph;
  readonly description: LocatorDescription;
  /** First 16 hex digits of the SHA-256 of the file. */
  readonly hash: string;
}

/** The file of a detector. The same graph and description give the same bytes. */
export function encodeNeuralModel(graph: Int8Graph, description: LocatorDescription): Uint8Array {
  const bytes = new TextEncoder().encode(JSON.stringify(locatorDescriptionSchema.parse(description)));
  return writeTflite({ ...graph, metadata: { ...graph.metadata, [LOCATOR_KEY]: bytes } });
}

/** Reads a detector. Throws UserError for a file that is none, or whose graph does not fit its description. */
export function decodeNeuralModel(bytes: Uint8Array, where: string): NeuralModel {
  const graph = readTflite(bytes, where);
  const text = graph.metadata?.[LOCATOR_KEY];
  if (text === undefined) {
    throw new UserError("the model is no face detector: it has no description of a locator", {
      where,
      remedy:
        "Use a model made by `npm run models:train -- --only face-neural`, such as models/face-neural/model.tflite.",
    });
  }
  const parsed = locatorDescriptionSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new UserError("the detector's description is damaged or of another version", {
      where,
      remedy: "Train the detector again with this version of smilec.",
      detail: z.prettifyError(parsed.error),
    });
  }
  checkShapes(graph, parsed.data, where);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  return { graph, description: parsed.data, hash };
}

export async function loadNeuralModel(path: string): Promise<NeuralModel> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(error.code === "ENOENT" ? "there is no such detector" : `cannot be read: ${error.message}`, {
      where: path,
    });
  });
  return decodeNeuralModel(bytes, path);
}

function checkShapes(graph: Int8Graph, { canvas }: LocatorDescription, where: string): void {
  const [inputs, outputs] = [graph.inputs, graph.outputs].map((ids) => ids.map((id) => graph.tensors[id]));
  const wanted = [
    [1, canvas.height, canvas.width, 1],
    [1, canvas.height / CELL, canvas.width / CELL, OUTPUT_CHANNELS],
  ];
  const actual = [...inputs, ...outputs];
  const fits = actual.every(
    ({ type, shape }, i) => type === "int8" && shape.length === 4 && shape.every((size, d) => size === wanted[i]?.[d]),
  );
  if (actual.length === 2 && fits) return;
  throw new UserError("the detector's graph does not fit its description", {
    where,
    detail: `wanted int8 [${wanted[0].join(",")}] -> int8 [${wanted[1].join(",")}], not ${actual.map(({ type, shape }) => `${type} [${shape.join(",")}]`).join(", ")}`,
    remedy: "Train the detector again with this version of smilec.",
  });
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
