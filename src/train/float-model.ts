/**
 * A FloatModel on disk: `network.json` (the network and the SHA-256 of the parameters) and `parameters.f32` (float32, little-endian, in the
 * order of parameterLayout). A damaged or foreign folder is a UserError; nothing is guessed.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { endianness } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { asEnvironmentError, UserError } from "../errors.js";
import { writeFile, writeJson } from "../files/write.js";
import { type FloatModel, type Network, outputShapes, parameterLayout } from "./network.js";

export const NETWORK_FILE = "network.json";
const PARAMETERS_FILE = "parameters.f32";

const size = z.int().min(1).max(4096);
const index = z.int().min(0).max(4096);
const name = z.string().min(1).max(200);
const activation = z.enum(["none", "relu6"]);
const window = { name, input: index, kernel: z.int().min(1).max(31), stride: z.int().min(1).max(16) };

const layerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("input"), name, shape: z.tuple([size, size, size]) }),
  z.strictObject({ kind: z.literal("conv"), ...window, filters: size, batchNorm: z.boolean(), activation }),
  z.strictObject({ kind: z.literal("depthwise"), ...window, batchNorm: z.boolean(), activation }),
  z.strictObject({ kind: z.literal("add"), name, inputs: z.tuple([index, index]), activation }),
  z.strictObject({ kind: z.literal("mean"), name, input: index }),
  z.strictObject({ kind: z.literal("upsample"), name, input: index }),
  z.strictObject({ kind: z.literal("dense"), name, input: index, units: size, dropout: z.number().min(0).lt(1) }),
]);

/** Shape of a network description; whether the layers fit together is {@link isTopological}'s business. */
const networkSchema = z.strictObject({ name, layers: z.array(layerSchema).min(2).max(1000) });

const fileSchema = z.strictObject({
  formatVersion: z.literal(1),
  network: networkSchema,
  parametersSha256: z.string(),
});

/** Hash of a parameter array's bytes, hex. */
export function parametersHash(parameters: Float32Array): string {
  return createHash("sha256").update(littleEndianBytes(parameters)).digest("hex");
}

/** Writes the two files of a model into `dir`, the description last. */
export async function saveFloatModel(model: FloatModel, dir: string): Promise<void> {
  await writeFile(join(dir, PARAMETERS_FILE), littleEndianBytes(model.parameters));
  const parametersSha256 = parametersHash(model.parameters);
  await writeJson(join(dir, NETWORK_FILE), { formatVersion: 1, network: model.network, parametersSha256 });
}

/** Whether a folder looks like a saved model. */
export async function holdsFloatModel(dir: string): Promise<boolean> {
  return stat(join(dir, NETWORK_FILE)).then(
    (info) => info.isFile(),
    () => false,
  );
}

/** Reads a model back. Throws UserError when a file is missing, damaged or of another version. */
export async function loadFloatModel(dir: string): Promise<FloatModel> {
  const path = join(dir, NETWORK_FILE);
  const parsed = fileSchema.safeParse(parseJson((await read(path)).toString("utf8")));
  if (!parsed.success) throw damaged(path, z.prettifyError(parsed.error));
  const network: Network = parsed.data.network;
  if (!isTopological(network)) throw damaged(path, "the layers do not form a network");
  const parametersPath = join(dir, PARAMETERS_FILE);
  const parameters = floatsFrom(await read(parametersPath), parametersPath);
  const expected = parameterLayout(network).reduce((sum, slot) => sum + slot.size, 0);
  if (parameters.length !== expected) {
    throw damaged(parametersPath, `${parameters.length} parameters where the network has ${expected}`);
  }
  if (parametersHash(parameters) !== parsed.data.parametersSha256) {
    throw damaged(parametersPath, "its SHA-256 is not the one in network.json");
  }
  return { network, parameters };
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw damaged(path, "the file is missing", error);
    throw asEnvironmentError(error, path);
  }
}

function damaged(where: string, detail: string, cause?: unknown): UserError {
  const remedy = "Train the model again, or restore the folder from a backup.";
  return new UserError("the trained model is damaged or incomplete", { where, detail, remedy, cause });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One input layer first; every other layer reads earlier ones of the rank it needs, an addition two of one shape. */
function isTopological(network: Network): boolean {
  const ranks: number[] = [];
  for (const [position, layer] of network.layers.entries()) {
    const sources = layer.kind === "input" ? [] : layer.kind === "add" ? layer.inputs : [layer.input];
    if ((layer.kind === "input") !== (position === 0) || sources.some((source) => source >= position)) return false;
    const wanted = layer.kind === "dense" ? 1 : 3;
    if (sources.some((source) => ranks[source] !== wanted)) return false;
    ranks.push(layer.kind === "mean" || layer.kind === "dense" ? 1 : 3);
  }
  const shapes = outputShapes(network);
  return network.layers.every(
    (layer) => layer.kind !== "add" || String(shapes[layer.inputs[0]]) === String(shapes[layer.inputs[1]]),
  );
}

/** The floats' bytes in little-endian order, whatever the machine's. */
export function littleEndianBytes(values: Float32Array): Uint8Array {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return endianness() === "LE" ? bytes : Buffer.from(bytes).swap32();
}

function floatsFrom(bytes: Buffer, where: string): Float32Array {
  if (bytes.length % 4 !== 0) throw damaged(where, `its length, ${bytes.length} bytes, is not a multiple of 4`);
  const copy = Uint8Array.prototype.slice.call(bytes);
  if (endianness() !== "LE") Buffer.from(copy.buffer).swap32();
  return new Float32Array(copy.buffer);
}
