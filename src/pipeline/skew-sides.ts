/** Both sides of `smilec skew`: the project's training pictures and its captures, each as the network gets them. */
import { Augmenter } from "../augment/pipeline.js";
import { appearanceOnly } from "../augment/strengths.js";
import type { AugmentOptions } from "../augment/types.js";
import { Catalogue } from "../captures/catalogue/catalogue.js";
import { pressKey } from "../captures/catalogue/press-key.js";
import type { CatalogueCapture } from "../captures/catalogue/types.js";
import type { Capture } from "../captures/read-segment.js";
import { readStoredCapture } from "../captures/stored.js";
import { listImports, openCatalogue, PictureReader } from "../data/catalogue.js";
import { faceSquare } from "../data/framing.js";
import type { PictureRecord } from "../data/types.js";
import { InterruptedError, UserError } from "../errors.js";
import { wholeBox } from "../locate/center.js";
import { resizeArea } from "../preprocess/resize.js";
import { CaptureReplayer } from "../replay/capture-replayer.js";
import { type Consistency, ConsistencyCheck } from "../skew/consistency.js";
import { Embedder } from "../skew/embedder.js";
import { Framing, type FramingFacts } from "../skew/framing.js";
import { isSampled, MOST_SAMPLED, type Side, SideBuilder } from "../skew/samples.js";
import { isTrained, type Model, readModel, SHIPPED_MODEL } from "./model.js";
import { wideSize } from "./pictures.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";

/** Presses below which no statement about a distribution is worth making. */
export const FEWEST_PRESSES = 30;

/** The model in service: the project's own, or the one that comes with smilec. */
export async function modelInService(project: Project): Promise<Model> {
  return (await isTrained(project)) ? readModel(project.modelFile, "trained") : readModel(SHIPPED_MODEL, "shipped");
}

export interface TrainingSide extends Side {
  readonly name: string;
  /** The sampled pictures with room for augmentation: squares of `wideSize` pixels. */
  readonly wide: readonly Uint8Array[];
  readonly wideSize: number;
}

/** Throws UserError when the project has no training pictures. */
export async function readTraining(project: Project, model: Model, context: StageContext): Promise<TrainingSide> {
  const { config, dataDir } = project;
  const none = (await listImports(dataDir)).length === 0;
  const catalogue = none ? undefined : await openCatalogue(dataDir, config.data.imports);
  const records = catalogue?.records.filter(({ split, label }) => split === "train" && config.labels.includes(label));
  if (catalogue === undefined || records === undefined || records.length === 0) throw noTraining(project);
  const { preprocess } = model.description;
  const builder = new SideBuilder(preprocess, new Embedder(model), records.length);
  const wide: Uint8Array[] = [];
  const size = wideSize(preprocess.size);
  const reader = new PictureReader(catalogue.imports);
  const progress = context.reporter.progress("training", records.length, "pictures");
  try {
    for (const [index, record] of records.entries()) {
      if (context.signal.aborted) throw new InterruptedError();
      const image = reader.read(record);
      const square = faceSquare(record, record.box);
      builder.add({ grey: resizeArea(image, square, preprocess.size), ...namesOf(record) });
      if (isSampled(index, records.length, MOST_SAMPLED)) wide.push(resizeArea(image, square, size));
      progress.update(index + 1);
    }
  } finally {
    reader.close();
    progress.end();
  }
  const name = catalogue.imports.map(({ summary }) => summary.name).join(", ");
  return { ...builder.finish(), name, wide, wideSize: size };
}

function namesOf({ source, group, original }: PictureRecord) {
  return { group: `${source}/${group}`, name: `${source}: ${original}` };
}

function noTraining(project: Project): UserError {
  return new UserError("there are no training pictures to compare the captures with", {
    where: project.dataDir,
    remedy: "Import the pictures the model was trained on: smilec data import PATH.",
  });
}

/**
 * What training makes of its sampled pictures under `augment`, one variation of each, geometry left out: training turns and moves faces further than captures
 * have them on purpose, which would tell the two apart whatever their light.
 */
export function augmentedTraining(
  training: TrainingSide,
  augment: AugmentOptions,
  model: Model,
  seed: number,
  context: StageContext,
): Side {
  const { preprocess } = model.description;
  const augmenter = new Augmenter(training.wideSize, preprocess, appearanceOnly(augment), seed);
  const builder = new SideBuilder(preprocess, new Embedder(model), training.wide.length);
  const { wideSize: size } = training;
  const progress = context.reporter.progress("augmented", training.wide.length, "pictures");
  try {
    training.wide.forEach((picture, index) => {
      if (context.signal.aborted) throw new InterruptedError();
      const image = { width: size, height: size, pixels: augmenter.vary(picture, EPOCH, index) };
      const { group, name } = training.sample[index];
      builder.add({ grey: resizeArea(image, wholeBox(size, size), preprocess.size), group, name });
      progress.update(index + 1);
    });
  } finally {
    progress.end();
  }
  return builder.finish();
}

/** Far from those that fits are made on, so that a fit is judged on other draws. */
const EPOCH = 1000;

export interface ServingSide extends Side {
  /** Captures that could be read, and the presses they belong to. */
  readonly captures: number;
  readonly presses: number;
  readonly devices: number;
  /** Captures whose pictures are damaged or missing, in words; the first few. */
  readonly damaged: { readonly count: number; readonly first: readonly string[] };
  readonly consistency: Consistency;
  readonly framing: FramingFacts;
}

const LISTED = 20;

/**
 * Reads every capture that is kept and not refused; of each press the first one that can be read counts. Throws UserError when there are none, or too few presses.
 */
export async function readServing(project: Project, model: Model, context: StageContext): Promise<ServingSide> {
  const dir = project.capturesDir;
  const catalogue = Catalogue.open(dir, { mustExist: true });
  try {
    const planned = countPresses(catalogue);
    if (planned.presses < FEWEST_PRESSES) throw tooFew(dir, planned.presses);
    const reading = new ServingReading(project, model, planned.presses);
    const progress = context.reporter.progress("captures", planned.captures, "captures");
    try {
      for (const row of usable(catalogue)) {
        if (context.signal.aborted) throw new InterruptedError();
        await reading.add(row, await readStoredCapture(dir, row));
        progress.update(reading.seen);
      }
    } finally {
      progress.end();
    }
    return reading.finish(dir);
  } finally {
    catalogue.close();
  }
}

function* usable(catalogue: Catalogue): Generator<CatalogueCapture> {
  for (const row of catalogue.captures({ state: "kept" })) if (row.consent !== "refused") yield row;
}

/** Captures that a comparison reads, and their presses: a press's captures follow each other in the catalogue's order. */
export function countPresses(catalogue: Catalogue): { captures: number; presses: number } {
  let [captures, presses, last] = [0, 0, ""];
  for (const row of usable(catalogue)) {
    const press = pressKey(row);
    captures++;
    if (press !== last) presses++;
    last = press;
  }
  return { captures, presses };
}

function tooFew(dir: string, presses: number): UserError {
  const there = presses === 0 ? "there are no captures" : `there are captures of only ${presses} presses`;
  return new UserError(`${there}; ${FEWEST_PRESSES} presses are needed to speak of a distribution`, {
    where: dir,
    remedy: "Pull more: smilec pull-captures. With 200 and more the figures are good to a few percent.",
  });
}

class ServingReading {
  seen = 0;
  private captures = 0;
  private presses = 0;
  private lastPress = "";
  private readonly devices = new Set<string>();
  private readonly damaged = { count: 0, first: [] as string[] };
  private readonly builder: SideBuilder;
  private readonly check: ConsistencyCheck;
  private readonly framing = new Framing();

  constructor(
    project: Project,
    private readonly model: Model,
    presses: number,
  ) {
    this.builder = new SideBuilder(model.description.preprocess, new Embedder(model), presses);
    this.check = new ConsistencyCheck(new CaptureReplayer(project));
  }

  async add(row: CatalogueCapture, capture: Capture | string): Promise<void> {
    this.seen++;
    if (typeof capture === "string") {
      if (this.damaged.first.length < LISTED) this.damaged.first.push(`${row.path}: ${capture}`);
      this.damaged.count++;
      return;
    }
    this.captures++;
    await this.check.add(capture);
    this.devices.add(row.key.device);
    const group = pressKey(row);
    if (group === this.lastPress) return;
    this.lastPress = group;
    this.presses++;
    this.framing.add(capture, row.judgements[1] ?? row.judgements[0]);
    const grey = resizeArea(capture.frame, capture.metadata.box, this.model.description.preprocess.size);
    this.builder.add({ grey, group, name: row.path });
  }

  finish(dir: string): ServingSide {
    const { captures, presses, damaged } = this;
    if (presses < FEWEST_PRESSES) {
      throw new UserError(
        `${damaged.count} pictures are damaged, which leaves ${presses} of the ${FEWEST_PRESSES} presses that are needed`,
        { where: dir, detail: damaged.first.join("\n"), remedy: "Pull the captures again from the card." },
      );
    }
    const facts = { consistency: this.check.finish(), framing: this.framing.finish() };
    return { ...this.builder.finish(), captures, presses, devices: this.devices.size, damaged, ...facts };
  }
}
