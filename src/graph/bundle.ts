/**
 * A model ready to be deployed: the exact integer graph plus what the firmware and the replay need to use it.
 * Stored as one file, `model.tflite`: the description travels in the metadata buffer named {@link DESCRIPTION_KEY}, so the file alone says
 * how to feed it and how to read its scores.
 */
import { z } from "zod";
import { UserError } from "../errors.js";
import type { Int8Graph } from "./types.js";

export const DESCRIPTION_KEY = "smilec";

const modelDescriptionSchema = z.object({
  formatVersion: z.literal(1),
  labels: z.array(z.string()).min(2),
  /** Index into labels. */
  positive: z.int().min(0),
  preprocess: z.object({ size: z.int(), normalize: z.enum(["standardize", "none"]) }),
  /** Decision: margin >= thresholdMargin, in int8 logit units (see {@link margin}), -256 to 255. */
  thresholdMargin: z.int().min(-256).max(255),
  /** What the logits are divided by before they become the probability that is shown (Guo et al. 2017); default 1. The decision needs none. */
  temperature: z.number().gt(0).exactOptional(),
});

export type ModelDescription = z.infer<typeof modelDescriptionSchema>;

export interface ModelBundle {
  readonly graph: Int8Graph;
  readonly description: ModelDescription;
}

/** The score all engines decide on: the positive label's int8 logit minus the largest other one, -255 to 255. */
export function margin(outputs: ArrayLike<number>, positive: number): number {
  let best = -Infinity;
  for (let i = 0; i < outputs.length; i++) if (i !== positive) best = Math.max(best, outputs[i]);
  return outputs[positive] - best;
}

/** Real value of one step of the logits, and so of the margin. */
export function outputScale(graph: Int8Graph): number {
  return graph.tensors[graph.outputs[0]].quantization!.scale[0];
}

/** Log-odds of one margin step: with two labels the calibrated softmax probability is 1 / (1 + exp(-margin * this)). */
export function marginScale({ graph, description }: ModelBundle): number {
  return outputScale(graph) / (description.temperature ?? 1);
}

/** Puts the description into the graph's metadata, where the .tflite writer finds it. */
export function withDescription(bundle: ModelBundle): Int8Graph {
  const bytes = new TextEncoder().encode(JSON.stringify(bundle.description));
  return { ...bundle.graph, metadata: { ...bundle.graph.metadata, [DESCRIPTION_KEY]: bytes } };
}

/** Reads the description back. Throws UserError for a model that smilec did not make or a newer format. */
export function describedBundle(graph: Int8Graph, where: string): ModelBundle {
  const bytes = graph.metadata?.[DESCRIPTION_KEY];
  if (bytes === undefined) {
    throw new UserError("the model has no smilec description", {
      where,
      remedy: "Use a model made by `smilec quantize`.",
    });
  }
  const parsed = modelDescriptionSchema.safeParse(parseJson(bytes));
  if (!parsed.success) {
    throw new UserError("the model's smilec description is damaged or of another version", {
      where,
      remedy: "Quantize the model again with this version of smilec.",
      detail: z.prettifyError(parsed.error),
    });
  }
  return { graph, description: parsed.data };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
