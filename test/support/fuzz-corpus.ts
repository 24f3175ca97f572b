/** Undamaged models to start from: those of others, smilec's own, and one per operator. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { Random } from "./random.js";
import { OPERATOR_KINDS, randomOperatorGraph } from "./random-graph.js";
import { residualNet } from "./residual-net.js";

/** Where the reference models are, beside the checkout; they are left out where they are not. */
const REFERENCE_FOLDER = join(packageRoot, "..", "shared", "data", "tflite");

/** How often a whole model is picked compared with one of a single operator. */
const WEIGHT = 6;

export function fuzzCorpus(): Uint8Array[] {
  const random = new Random(41);
  const single = OPERATOR_KINDS.map((kind) => writeTflite(randomOperatorGraph(kind, random)));
  const net = residualNet(random, { size: 8, channels: [2, 3, 4] });
  const own = writeTflite({ ...net, metadata: { smilec: Uint8Array.of(1, 2, 3) } });
  const whole = [own, ...shippedModels(), ...referenceModels()];
  return [...single, ...Array.from({ length: WEIGHT }, () => whole).flat()];
}

function shippedModels(): Uint8Array[] {
  const folder = join(packageRoot, "models");
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name, "model.tflite"))
    .filter((file) => existsSync(file))
    .map((file) => new Uint8Array(readFileSync(file)));
}

function referenceModels(): Uint8Array[] {
  if (!existsSync(REFERENCE_FOLDER)) return [];
  return readdirSync(REFERENCE_FOLDER)
    .filter((name) => name.endsWith(".tflite"))
    .map((name) => new Uint8Array(readFileSync(join(REFERENCE_FOLDER, name))));
}
