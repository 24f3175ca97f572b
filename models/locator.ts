/** What making the shipped face detectors has in common: what is asked, and the part of the card that says how it was made. */
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Split } from "#smilec/data/types.js";
import { packageRoot, toolVersion } from "#smilec/files/package-root.js";
import { RECIPE_FILE } from "#smilec/locate/train/recipe-file.js";
import type { StageContext } from "#smilec/pipeline/reporter.js";
import type { ArtifactStore } from "#smilec/pipeline/store.js";
import { importData } from "./data.js";

export interface LocatorRequest {
  /** Folder with the data sets. */
  readonly data: string;
  /** Folder for the imports. */
  readonly into: string;
  /** Folder of the shipped models; the detector's is made or renewed there. */
  readonly out: string;
  readonly store: ArtifactStore;
  readonly context: StageContext;
}

/** The recipe of a shipped detector. */
export async function shippedRecipe<T>(name: string, parse: (text: string, path: string) => T): Promise<T> {
  const path = join(packageRoot, "models", name, RECIPE_FILE);
  return parse(await readFile(path, "utf8"), path);
}

/** The data sets of a recipe, and what training wants to know of them. */
export async function locatorData(imports: readonly string[], { data, into, store, context }: LocatorRequest) {
  const facts = await importData(imports, data, into, context);
  const people = (split: Split) => ({ kind: "imports", into, names: imports, split }) as const;
  return { facts, training: { store, people, inputs: facts.map(({ hash }) => hash), threads: 0, context } };
}

/** The card's `made`. `seconds` are of work, or what an earlier run wrote when all was done before. */
export async function madeFacts(name: string, seed: number, card: string, started: number, cached: boolean) {
  return {
    command: `npm run models:train -- --only ${name}`,
    smilec: toolVersion,
    seed,
    seconds: cached ? await earlierSeconds(card) : Math.round((performance.now() - started) / 1000),
    processor: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores`,
  };
}

async function earlierSeconds(card: string): Promise<number | null> {
  const text = await readFile(card, "utf8").catch(() => "{}");
  return (JSON.parse(text) as { made?: { seconds?: number } }).made?.seconds ?? null;
}
