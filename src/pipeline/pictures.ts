/** Stage "pictures": the project's imports, or drawn faces while there is none, packed for training and for exact evaluation. */
import { type Catalogue, listImports, openCatalogue } from "../data/catalogue.js";
import { obtainPacked } from "../data/packed.js";
import { SYNTHETIC_REVISION, syntheticImport } from "../data/synthetic/import.js";
import type { Split } from "../data/types.js";
import { UserError } from "../errors.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";
import type { Artifact } from "./store.js";

/** Side of packed training pictures relative to the network input: room for shifting and zooming without inventing pixels. */
const TRAIN_MARGIN = 4 / 3;

export interface PictureSet {
  readonly catalogue: Catalogue;
  /** True when the faces are drawn because nothing has been imported. */
  readonly synthetic: boolean;
}

export type Packed = Artifact<Record<Split, number>>;

/** See {@link obtainPackings}. */
export interface Packings {
  readonly exact: Packed;
  readonly wide: Packed;
}

/** The imports the configuration names (all when it names none). */
export async function obtainPictures(project: Project, context: StageContext): Promise<PictureSet> {
  const names = project.config.data.imports;
  if (names.length > 0 || (await listImports(project.dataDir)).length > 0) {
    return { catalogue: await openCatalogue(project.dataDir, names), synthetic: false };
  }
  const { count, seed } = project.config.data.synthetic;
  const labels = drawnLabels(project);
  const artifact = await project.store.obtain({
    stage: "synthetic",
    revision: SYNTHETIC_REVISION,
    options: { count, seed, labels },
    inputs: [],
    produce: async (dir) => {
      context.reporter.stage("pictures", `drawing ${count} faces, as nothing has been imported`);
      return syntheticImport({ count, seed, labels, into: dir, context });
    },
  });
  return { catalogue: await openCatalogue(artifact.dir), synthetic: true };
}

/** What drawn faces are called in the project: they smile, which is the positive label, or they don't. */
export function drawnLabels({ config: { labels, positive } }: Project): { neutral: string; smile: string } {
  const [neutral, ...more] = labels.filter((label) => label !== positive);
  if (more.length === 0) return { neutral, smile: positive };
  throw new UserError(`the face generator draws two labels, and the project has ${labels.length}`, {
    where: "labels",
    remedy: "Import pictures of your labels with `smilec data import`.",
  });
}

/**
 * Packs the pictures twice: `exact` at the network's size straight from the original picture, which is precisely what the device would have
 * seen (calibration, evaluation), and `wide` larger, because augmentation moves and zooms training pictures first.
 */
export async function obtainPackings(project: Project, set: PictureSet, context: StageContext): Promise<Packings> {
  const { input, labels } = project.config;
  const pack = (size: number) => obtainPacked(project.store, { catalogue: set.catalogue, size, labels, context });
  return { exact: await pack(input.size), wide: await pack(wideSize(input.size)) };
}

/** Side of wide training pictures for a network input, a multiple of 8. */
export function wideSize(inputSize: number): number {
  return Math.round((inputSize * TRAIN_MARGIN) / 8) * 8;
}
