/** The card beside the project's model: which stages made it, and whether retraining did. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { writeFile, writeJson } from "../files/write.js";
import type { PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import { MODEL_FILE, type Quantized } from "./quantize.js";
import type { Trained } from "./train.js";

const cardSchema = z.object({
  quantization: z.object({ sha256: z.string() }),
  /** Keys in the store. */
  stages: z.object({ train: z.string(), quantize: z.string() }).optional(),
  retrained: z.object({ base: z.string() }).optional(),
});

export type ServiceCard = z.infer<typeof cardSchema>;

/** The card of the model that lies in `models/`; undefined when there is none, or when it belongs to another model. */
export async function serviceCard({ modelFile }: Pick<Project, "modelFile">): Promise<ServiceCard | undefined> {
  const bytes = await readFile(modelFile).catch(() => undefined);
  const text = await readFile(join(modelFile, "..", "card.json"), "utf8").catch(() => undefined);
  if (bytes === undefined || text === undefined) return undefined;
  const parsed = cardSchema.safeParse(parseJson(text));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return parsed.success && parsed.data.quantization.sha256 === sha256 ? parsed.data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Identifies what a model trained from the base data alone depends on: while it is the same, a retrained model stays in service. */
export function baseIdentity({ config }: Project, { catalogue }: PictureSet): string {
  const { input, labels, positive, train, quantize, decision } = config;
  const { threads: _threads, ...training } = train;
  const facts = [catalogue.hash, input, labels, positive, training, quantize, decision];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 32);
}

/** Puts a quantized model into service, with its card. */
export async function putInService(
  project: Project,
  pictures: PictureSet,
  { trained, quantized }: { readonly trained: Trained; readonly quantized: Quantized },
  more: object = {},
): Promise<void> {
  await writeFile(project.modelFile, await readFile(join(quantized.dir, MODEL_FILE)));
  const stages = { train: trained.key, quantize: quantized.key };
  const card = { ...modelCard(project, pictures, trained, quantized), stages, ...more };
  await writeJson(join(project.modelFile, "..", "card.json"), card);
}

/** What the model is, where it comes from and how good it was: kept beside it. */
export function modelCard(project: Project, pictures: PictureSet, trained: Trained, quantized: Quantized): object {
  const { history: _history, ...training } = trained.meta;
  const { layers: _layers, ...quantization } = quantized.meta;
  return {
    data: pictures.catalogue.imports.map(({ summary: { name, count, hash } }) => ({ name, count, hash })),
    synthetic: pictures.synthetic,
    labels: project.config.labels,
    positive: project.config.positive,
    input: project.config.input,
    train: project.config.train,
    quantize: project.config.quantize,
    training,
    quantization,
  };
}
