/** A drawn picture set as an import like any other. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { InterruptedError } from "../../errors.js";
import type { StageContext } from "../../pipeline/reporter.js";
import { Rng } from "../../train/rng.js";
import { listImports } from "../catalogue.js";
import type { ImportResult } from "../import.js";
import { ImportFolder } from "../import-folder.js";
import { checkSplits, countSplits, defaultSplitPlan } from "../split.js";
import type { Split } from "../types.js";
import { drawnCrop, PICTURES_PER_PERSON } from "./people.js";

export interface SyntheticRequest {
  /** Pictures over all splits. */
  readonly count: number;
  readonly seed: number;
  /** Folder of the project's imports. */
  readonly into: string;
  /** Name of the import; default `synthetic`. An older one of this name is replaced. */
  readonly name?: string;
  /** Side of the square pictures in pixels; default 64. */
  readonly size?: number;
  /** Names of the two labels; default neutral and smile. */
  readonly labels?: { readonly neutral: string; readonly smile: string };
  readonly context: StageContext;
}

/** Raise when the pictures of a seed change. */
export const SYNTHETIC_REVISION = 1;
const LABELS = { neutral: "neutral", smile: "smile" } as const;
const REPORT_EVERY = 50;
/** Second word of the random stream that persons are split by. */
const SPLIT_STREAM = 0x73706c74;

/** Draws `count` face crops and keeps them as an import, split by person; the same request again does nothing. */
export async function syntheticImport(request: SyntheticRequest): Promise<ImportResult> {
  const { count, seed, into, name = "synthetic", size = 64, labels = LABELS } = request;
  const listing = digest(["synthetic", SYNTHETIC_REVISION, count, seed, size, labels.neutral, labels.smile]);
  const present = (await listImports(into)).find(({ summary }) => summary.name === name);
  if (present?.summary.listing === listing) return { ...present.summary, dir: present.dir, unchanged: true };
  const folder = await ImportFolder.create(into, name);
  try {
    await drawAll(request, folder, size, labels);
    checkSplits(countSplits(folder.pictures), [labels.neutral, labels.smile], `${count} drawn pictures`);
    const facts = { layout: "synthetic", ignored: 0, notes: {}, listing, contents: listing };
    const summary = await folder.publish(facts, true);
    return { ...summary, dir: resolve(into, name), unchanged: false };
  } catch (error) {
    await folder.discard();
    throw error;
  }
}

async function drawAll(
  { count, seed, context }: SyntheticRequest,
  folder: ImportFolder,
  size: number,
  labels: { readonly neutral: string; readonly smile: string },
): Promise<void> {
  const splits = personSplits(count, seed);
  const progress = context.reporter.progress("draw", count, "pictures");
  try {
    for (let index = 0; index < count; index++) {
      if (context.signal.aborted) throw new InterruptedError();
      const picture = drawnCrop(seed, index, size);
      const group = personName(picture.person);
      const split = splits[picture.person];
      const label = labels[picture.label];
      await folder.add(picture.image, { label, group, split, original: `${group}/${index}` });
      if ((index + 1) % REPORT_EVERY !== 0 && index + 1 !== count) continue;
      progress.update(index + 1);
      // Drawing is synchronous: let signals and the display have their turn.
      await new Promise((done) => setImmediate(done));
    }
  } finally {
    progress.end();
  }
}

/** 70/15/15 of the persons, exactly: a small drawn set must have every split, which a hash alone does not promise. */
function personSplits(count: number, seed: number): Split[] {
  const persons = Math.ceil(count / PICTURES_PER_PERSON);
  const held = Math.max(1, Math.round(persons * defaultSplitPlan.fractions[1]));
  const order = new Rng(seed, SPLIT_STREAM).permutation(persons);
  const splits = new Array<Split>(persons).fill("train");
  for (let i = 0; i < 2 * held; i++) splits[order[i]] = i < held ? "val" : "test";
  return splits;
}

function personName(person: number): string {
  return `person-${String(person).padStart(5, "0")}`;
}

function digest(values: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex");
}
