/** What a report says of captures: replay, labels, and how they differ from training; computed once for the same captures. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { UserError } from "../errors.js";
import { writeFile } from "../files/write.js";
import { labellingPace } from "../label/pace.js";
import { labelStatus } from "../label/status.js";
import { describeDifference } from "../replay/junit.js";
import { type ReplayResult, replayCatalogue } from "../replay/run.js";
import type { LabelsSection, MissingPart, ReplaySection } from "../report/types.js";
import type { SkewResult } from "../skew/types.js";
import { openCaptures } from "./captures.js";
import { DEPLOYED_FOLDER } from "./deployed.js";
import type { PictureSet } from "./pictures.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import { measureSkew } from "./skew.js";
import { modelInService } from "./skew-sides.js";

export interface CaptureParts {
  /** Identifies everything below. */
  readonly key: string;
  readonly replay: ReplaySection;
  readonly labels: LabelsSection;
  readonly skew?: SkewResult;
  /** Why `skew` is absent. */
  readonly missing: readonly MissingPart[];
}

/** Findings of a kind that are listed. */
const LISTED = 100;
const PICTURES_FILE = "strangest.u8";

/** Undefined where nothing was pulled. */
export async function obtainCaptureParts(
  project: Project,
  pictures: PictureSet | undefined,
  context: StageContext,
): Promise<CaptureParts | undefined> {
  const catalogue = openCaptures(project);
  if (catalogue === undefined) return undefined;
  try {
    if (catalogue.count({ state: "kept" }) === 0) return undefined;
    const captures = fingerprint(catalogue);
    const labels = { ...labelStatus(catalogue, project.config.labels), pace: labellingPace(catalogue) };
    const replay = await obtainReplay(project, catalogue, captures.pictures, context);
    const skew = await skewOrWhy(project, captures.all, pictures, context);
    const facts = [captures.all, replay.key, skew.result?.key ?? skew.missing, labels];
    const key = createHash("sha256").update(JSON.stringify(facts)).digest("hex");
    return {
      key,
      labels,
      replay: replay.section,
      missing: skew.missing,
      ...(skew.result && { skew: skew.result.skew }),
    };
  } finally {
    catalogue.close();
  }
}

/** Of the pictures, and of them with what people say of them. */
function fingerprint(catalogue: Catalogue): { readonly pictures: string; readonly all: string } {
  const [pictures, all] = [createHash("sha256"), createHash("sha256")];
  for (const { key, path, payloadCrc, consent, judgements, resolution } of catalogue.captures({ state: "kept" })) {
    const picture = JSON.stringify([key, path, payloadCrc]);
    pictures.update(picture);
    all.update(JSON.stringify([picture, consent, judgements, resolution]));
  }
  return { pictures: pictures.digest("hex"), all: all.digest("hex") };
}

/** Stage "replay": kept under the captures and the models that there are. */
async function obtainReplay(project: Project, catalogue: Catalogue, captures: string, context: StageContext) {
  const deployed = (await readdir(join(project.dir, DEPLOYED_FOLDER)).catch(() => [])).sort();
  const { sha256 } = await modelInService(project);
  const artifact = await project.store.obtain<ReplayResult>({
    stage: "replay",
    revision: 1,
    options: { deployed },
    inputs: [captures, sha256],
    produce: async () => {
      context.reporter.stage("replay", "every capture through the model that made it");
      return replayCatalogue(project, catalogue, context);
    },
  });
  const { differences, damaged, ...counts } = artifact.meta;
  const section: ReplaySection = {
    ...counts,
    differences: differences.slice(0, LISTED).map(describeDifference),
    damaged: damaged.slice(0, LISTED).map(({ path, reason }) => `${path}: ${reason}`),
  };
  return { key: artifact.key, section };
}

type ObtainedSkew = { readonly key: string; readonly skew: SkewResult };

/** Too few presses, or no pictures to compare with, leave a report without it. */
async function skewOrWhy(
  project: Project,
  captures: string,
  pictures: PictureSet | undefined,
  context: StageContext,
): Promise<{ readonly result?: ObtainedSkew; readonly missing: MissingPart[] }> {
  try {
    return { result: await obtainSkew(project, captures, pictures, context), missing: [] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const command = error.remedy?.match(/smilec [a-z-]+( [a-z-]+)?/)?.[0] ?? "smilec skew";
    const why = `${error.message[0].toUpperCase()}${error.message.slice(1)}.`;
    return { missing: [{ what: "Training and serving", why, command }] };
  }
}

type StoredSkew = Omit<SkewResult, "strangest"> & {
  readonly strangest: readonly {
    readonly capture: string;
    readonly nearest: string;
    readonly strangeness: number;
  }[];
};

/** Stage "skew": the pictures of the strangest captures lie beside it. */
async function obtainSkew(
  project: Project,
  captures: string,
  pictures: PictureSet | undefined,
  context: StageContext,
): Promise<ObtainedSkew> {
  const { sha256 } = await modelInService(project);
  const { augment, seed } = project.config.train;
  const { key, dir, meta } = await project.store.obtain<StoredSkew>({
    stage: "skew",
    revision: 1,
    options: { augment, seed, labels: project.config.labels },
    inputs: [captures, pictures?.catalogue.hash ?? "-", sha256],
    produce: async (folder) => {
      const { report, strangest, size } = await measureSkew(project, context);
      const greys = strangest.flatMap(({ capture, nearest }) => [capture.grey, nearest.grey]);
      await writeFile(join(folder, PICTURES_FILE), Buffer.concat(greys));
      const named = strangest.map(({ capture, nearest, strangeness }) => ({
        capture: capture.name,
        nearest: nearest.name,
        strangeness,
      }));
      return { report, size, strangest: named };
    },
  });
  const pixels = new Uint8Array(await readFile(join(dir, PICTURES_FILE)));
  const { report, size } = meta;
  const grey = (index: number) => pixels.subarray(index * size * size, (index + 1) * size * size);
  const strangest = meta.strangest.map(({ capture, nearest, strangeness }, i) => ({
    capture: { name: capture, grey: grey(2 * i) },
    nearest: { name: nearest, grey: grey(2 * i + 1) },
    strangeness,
  }));
  return { key, skew: { report, size, strangest } };
}
