/** Models that can be evaluated: smilec's own int8 files, those of others, and float models. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type ModelFile, readModelFile } from "../compile/model-file.js";
import { UserError } from "../errors.js";
import { type ModelBundle, marginScale, outputScale } from "../graph/bundle.js";
import type { Int8Graph } from "../graph/types.js";
import type { PreprocessSpec } from "../preprocess/types.js";
import { loadFloatModel, NETWORK_FILE, parametersHash } from "../train/float-model.js";
import type { FloatModel } from "../train/network.js";
import { describedInput, foreignInput, type InputRange, type NetworkInput } from "./input.js";
import { foreignOutput, type Readout } from "./readout.js";

interface ModelBase {
  /** As shown: the file's path, or what the project calls it. */
  readonly name: string;
  /** SHA-256 of the file, or of a float model's parameters. */
  readonly sha256: string;
  readonly input: NetworkInput;
  readonly readout: Readout;
  /** Log-odds that the model's own description decides at; undefined where it has none. */
  readonly threshold: number | undefined;
  /** What was assumed because nothing says it. */
  readonly assumptions: readonly string[];
}

export interface Int8Model extends ModelBase {
  readonly kind: "int8";
  readonly graph: Int8Graph;
}

export interface FloatModelToEvaluate extends ModelBase {
  readonly kind: "float";
  readonly model: FloatModel;
}

export type EvaluatedModel = Int8Model | FloatModelToEvaluate;

/** What the user says about a model that does not describe itself. */
export interface ModelHints {
  /** One name per output. */
  readonly labels?: readonly string[];
  readonly positive?: string;
  readonly range?: InputRange;
  /** Labels of the pictures it is to be evaluated on, in alphabetical order: the usual order of a network's outputs. */
  readonly pictureLabels: readonly string[];
  /** Of the project, for its own float models. */
  readonly project?: {
    readonly labels: readonly string[];
    readonly positive: string;
    readonly preprocess: PreprocessSpec;
  };
}

/** A bundle that smilec made. */
export function describedModel(bundle: ModelBundle, name: string, sha256: string): Int8Model {
  const { graph, description } = bundle;
  const { labels, positive, preprocess, thresholdMargin } = description;
  const scale = marginScale(bundle);
  return {
    kind: "int8",
    name,
    sha256,
    graph,
    input: describedInput(preprocess),
    readout: { labels, positive, kind: "logits", scale, zeroPoint: 0 },
    threshold: thresholdMargin * scale,
    assumptions: [],
  };
}

/** The float model that an int8 one was made of: same labels, preprocessing and threshold. */
export function floatTwin(model: FloatModel, int8: Int8Model): FloatModelToEvaluate {
  return {
    kind: "float",
    name: "float",
    sha256: parametersHash(model.parameters),
    model,
    input: int8.input,
    // Calibrated as the int8 model is: logits are divided by the same temperature.
    readout: { ...int8.readout, scale: int8.readout.scale / outputScale(int8.graph) },
    threshold: int8.threshold,
    assumptions: [],
  };
}

/** Reads a .tflite file or the folder of a float model. Throws UserError for what cannot be evaluated. */
export async function readEvaluatedModel(path: string, hints: ModelHints): Promise<EvaluatedModel> {
  if ((await stat(path).catch(() => undefined))?.isDirectory() === true) return readFloat(path, hints);
  const file = await readModelFile(path);
  const { description, graph, sha256 } = file;
  if (description === undefined) return readForeign(file, hints);
  const own = describedModel({ graph, description }, path, sha256);
  checkDescribed(own, hints, path);
  return own;
}

function checkDescribed({ readout, input, graph }: Int8Model, hints: ModelHints, where: string): void {
  if (hints.labels !== undefined || hints.positive !== undefined || hints.range !== undefined) {
    throw new UserError("the model describes its labels and its input itself", {
      where,
      detail: `labels ${readout.labels.join(", ")}; positive ${readout.labels[readout.positive]}; input ${input.range}`,
      remedy: "Leave out --labels, --positive and --range; rename the pictures' labels with --map.",
    });
  }
  const takes = foreignInput(graph, input.range, where);
  const gives = foreignOutput(graph, where);
  if (takes.size === input.size && takes.channels === 1 && gives.count === readout.labels.length) return;
  throw new UserError("the model's description does not fit its network", {
    where,
    remedy: "Quantize the model again with this version of smilec.",
  });
}

function readForeign({ path, graph, sha256 }: ModelFile, hints: ModelHints): Int8Model {
  const input = foreignInput(graph, hints.range, path);
  const { count, kind, scale, zeroPoint } = foreignOutput(graph, path);
  const { labels, positive, assumptions } = foreignLabels(count, hints, path);
  const notes = [...assumptions];
  if (hints.range === undefined) notes.push(`input values are ${input.range}, by the input's quantization`);
  if (input.channels === 3) notes.push("the grey picture is given to all three channels, as the bot's camera is grey");
  if (kind === "logits" || kind === "logit") notes.push("outputs are logits, as no softmax or logistic makes them");
  const readout: Readout = { labels, positive, kind, scale, zeroPoint };
  return { kind: "int8", name: path, sha256, graph, input, readout, threshold: undefined, assumptions: notes };
}

/** Names for outputs that have none: given, the project's, or the pictures' labels in alphabetical order, as most trainers number folders. */
function foreignLabels(outputs: number, hints: ModelHints, where: string) {
  const count = Math.max(2, outputs);
  const assumptions: string[] = [];
  let labels = hints.labels;
  if (labels === undefined) {
    labels = hints.pictureLabels;
    if (outputs > 1) assumptions.push(`outputs are ${labels.join(", ")}: the pictures' labels in alphabetical order`);
  }
  if (labels.length !== count || new Set(labels).size !== count) {
    const known = labels.length === 0 ? "none" : labels.join(", ");
    throw new UserError(`the model tells ${count} labels apart, and these are given: ${known}`, {
      where,
      remedy: "Name them in the order of the outputs: --labels neutral,smile (and rename the pictures' with --map).",
    });
  }
  const name = hints.positive ?? defaultPositive(labels, hints, assumptions);
  const positive = labels.indexOf(name);
  if (positive < 0) {
    throw new UserError(`the positive label ${name} is none of the model's (${labels.join(", ")})`, {
      where,
      remedy: "Name one of them: --positive LABEL.",
    });
  }
  return { labels, positive, assumptions };
}

function defaultPositive(labels: readonly string[], hints: ModelHints, assumptions: string[]): string {
  const usual = [hints.project?.positive, "smile"].find((name) => name !== undefined && labels.includes(name));
  const name = usual ?? labels[labels.length - 1];
  assumptions.push(`the positive label is ${name}`);
  return name;
}

async function readFloat(path: string, hints: ModelHints): Promise<FloatModelToEvaluate> {
  if ((await stat(join(path, NETWORK_FILE)).catch(() => undefined)) === undefined) {
    throw new UserError("this folder holds no float model", {
      where: path,
      remedy: `Give a .tflite file, or a folder with ${NETWORK_FILE} and parameters.f32.`,
    });
  }
  const model = await loadFloatModel(path);
  const [inputLayer, outputLayer] = [model.network.layers[0], model.network.layers[model.network.layers.length - 1]];
  if (inputLayer.kind !== "input" || outputLayer.kind !== "dense" || outputLayer.units < 2) {
    throw new UserError("the float model's last layer gives no logits", { where: path, remedy: "Train it again." });
  }
  const own = hints.project?.labels.length === outputLayer.units ? hints.project : undefined;
  const named = { ...hints, labels: hints.labels ?? own?.labels };
  const { labels, positive, assumptions } = foreignLabels(outputLayer.units, withoutUndefined(named), path);
  const preprocess = floatPreprocess(inputLayer.shape[0], hints, assumptions);
  return {
    kind: "float",
    name: path,
    sha256: parametersHash(model.parameters),
    model,
    input: describedInput(preprocess),
    readout: { labels, positive, kind: "logits", scale: 1, zeroPoint: 0 },
    threshold: undefined,
    assumptions,
  };
}

function withoutUndefined({
  labels,
  ...rest
}: Omit<ModelHints, "labels"> & { labels: readonly string[] | undefined }): ModelHints {
  return labels === undefined ? rest : { ...rest, labels };
}

function floatPreprocess(size: number, { range, project }: ModelHints, assumptions: string[]): PreprocessSpec {
  if (range === "0..1") return { size, normalize: "none" };
  if (range !== undefined && range !== "standardize") {
    throw new UserError(`smilec's float models are trained on 0..1 or standardize, not on ${range}`, {
      remedy: "Leave out --range, or give one of the two.",
    });
  }
  if (range === undefined && project?.preprocess.size === size) return project.preprocess;
  if (range === undefined) assumptions.push("pictures are standardised before they enter the network");
  return { size, normalize: "standardize" };
}
