/**
 * Training of the classic locator: stages of Gentle AdaBoost rounds; after each stage the others that still pass are searched for in the scenes ("bootstrapping",
 * Sung and Poggio 1998), so that later tables learn what fools the earlier ones: light fixtures first of all. The score runs on through all stages, and a
 * threshold follows every table (Bourdev and Brandt 2005).
 */
import { InterruptedError, UserError } from "../../../errors.js";
import type { StageContext } from "../../../pipeline/reporter.js";
import { Rng } from "../../../train/rng.js";
import { type Cascade, PATTERNS } from "../cascade.js";
import { Scanner } from "../scan.js";
import { boostRound, type Samples } from "./boost.js";
import { allBlocks, PatternMatrix } from "./features.js";
import { giveUp, pruneCascade } from "./prune.js";
import { faceWindows, otherWindows, type SceneSource } from "./windows.js";

export interface ClassicOptions {
  readonly seed: number;
  /** Side of the window in pixels. */
  readonly window: number;
  /** Side of the smallest face in a frame of 320x240, pixels. */
  readonly smallest: number;
  /** Tables at the end of each stage; ascending. */
  readonly stages: readonly number[];
  /** Windows with faces, and without, that a stage learns from; at most. */
  readonly faces: number;
  readonly others: number;
  /** Share of the training faces' windows that all thresholds together may lose while the tables are learned. A face has many windows. */
  readonly loss: number;
  /** Share of faces that the thresholds may lose in the end. */
  readonly faceLoss: number;
  /** As lossPower, of faceLoss. */
  readonly facePower: number;
  /** How it is spread: the first t of T tables may lose the share (t/T)^lossPower of it. Small values reject early: fast and coarse. */
  readonly lossPower: number;
  /** Windows without a face taken from one scene in one search, at most. */
  readonly perScene: number;
  /** Of a scene's face, beside the best fitting window. */
  readonly extraWindows: number;
}

/** Second word of the random streams (the first is the seed). */
const STREAM = { faces: 0x636c6601, order: 0x636c6602, draw: 0x636c6603 } as const;
/** A stage with fewer windows to learn from ends the training: the scenes hold no more that pass. */
const FEWEST = 50;

interface State {
  readonly options: ClassicOptions;
  readonly scenes: SceneSource;
  readonly context: StageContext;
  readonly matrix: PatternMatrix;
  readonly blocks: Uint8Array;
  readonly faces: Uint8Array[];
  /** 1 for faces that a threshold gave up. */
  readonly lost: Uint8Array;
  others: Uint8Array[];
  cascade: Cascade;
}

/**
 * Learns a cascade from scenes, and its final thresholds from others (`held`). The same scenes, options and version give the same bytes. Throws UserError when
 * the scenes hold too few faces.
 */
export function trainClassic(
  scenes: SceneSource,
  held: SceneSource,
  options: ClassicOptions,
  context: StageContext,
): Cascade {
  const empty = emptyCascade(options);
  const faces = collectFaces(scenes, empty, options, context);
  const blocks = allBlocks(options.window);
  const matrix = new PatternMatrix(blocks, faces.length + options.others);
  faces.forEach((pixels, i) => {
    matrix.set(i, { width: options.window, height: options.window, pixels });
  });
  const state: State = {
    options,
    scenes,
    context,
    matrix,
    blocks,
    faces,
    lost: new Uint8Array(faces.length),
    others: [],
    cascade: empty,
  };
  for (let stage = 0; stage < options.stages.length; stage++) {
    searchOthers(state, stage);
    if (state.others.length < FEWEST) break;
    learn(state, stage);
  }
  return pruneCascade(state.cascade, held, options, context);
}

function emptyCascade({ window, smallest }: ClassicOptions): Cascade {
  const none = { blocks: new Uint8Array(0), tables: new Int8Array(0), thresholds: new Int16Array(0) };
  return { window, smallest, evidence: 1, threshold: 0, ...none };
}

function collectFaces(
  scenes: SceneSource,
  cascade: Cascade,
  { seed, faces: most, extraWindows }: ClassicOptions,
  { reporter, signal }: StageContext,
): Uint8Array[] {
  const order = new Rng(seed, STREAM.faces).permutation(scenes.count);
  const found: Uint8Array[] = [];
  const progress = reporter.progress("faces", most, "windows");
  try {
    for (const index of order) {
      if (found.length >= most) break;
      if (signal.aborted) throw new InterruptedError();
      const windows = faceWindows(cascade, scenes.scene(index), extraWindows, new Rng(seed, STREAM.faces, index));
      found.push(...windows.flatMap((pixels) => [pixels, mirrored(pixels, cascade.window)]));
      progress.update(Math.min(most, found.length));
    }
  } finally {
    progress.end();
  }
  if (found.length < FEWEST) {
    throw new UserError(`only ${found.length} windows with faces in ${scenes.count} scenes`, {
      remedy: `Give more scenes with faces from ${cascade.smallest} pixels up.`,
    });
  }
  return found.slice(0, most);
}

function mirrored(pixels: Uint8Array, size: number): Uint8Array {
  return pixels.map((_, i) => pixels[i - (i % size) + size - 1 - (i % size)]);
}

/** Drops the others that the cascade rejects by now, and fills up with those of the scenes that pass it. */
function searchOthers(state: State, stage: number): void {
  const { options, scenes, context, cascade } = state;
  const scanner = new Scanner(cascade);
  state.others = state.others.filter((pixels) => passes(scanner, pixels, options.window));
  const order = new Rng(options.seed, STREAM.order, stage).permutation(scenes.count);
  const progress = context.reporter.progress(`search ${stage + 1}/${options.stages.length}`, options.others, "windows");
  try {
    for (const index of order) {
      if (context.signal.aborted) throw new InterruptedError();
      const rng = new Rng(options.seed, STREAM.draw, stage, index);
      state.others.push(...otherWindows(cascade, scanner, scenes.scene(index), options.perScene, rng));
      progress.update(Math.min(options.others, state.others.length));
      if (state.others.length >= options.others) break;
    }
  } finally {
    progress.end();
  }
  state.others = state.others.slice(0, options.others);
  const perWindow = scanner.windows === 0 ? 0 : scanner.lookups / scanner.windows;
  context.reporter.stage(
    "cascade",
    `${cascade.thresholds.length} tables, ${perWindow.toFixed(2)} a window; ${state.others.length} others to learn from`,
  );
}

function passes(scanner: Scanner, pixels: Uint8Array, window: number): boolean {
  let passed = false;
  scanner.scan({ width: window, height: window, pixels }, () => {
    passed = true;
  });
  return passed;
}

/** Adds the tables of one stage. */
function learn(state: State, stage: number): void {
  const { options, matrix, faces, others, blocks, context } = state;
  const { window } = options;
  others.forEach((pixels, i) => {
    matrix.set(faces.length + i, { width: window, height: window, pixels });
  });
  const samples: Samples = {
    patterns: matrix,
    faces: faces.length,
    others: others.length,
    scores: scoreAll(state),
    lost: state.lost,
  };
  const last = options.stages[stage];
  const progress = context.reporter.progress(`boost ${stage + 1}/${options.stages.length}`, last, "tables");
  try {
    for (let count = state.cascade.thresholds.length; count < last; count++) {
      if (context.signal.aborted) throw new InterruptedError();
      const { feature, table } = boostRound(samples);
      const column = matrix.of(feature);
      for (let i = 0; i < samples.scores.length; i++) samples.scores[i] += table[column[i]];
      const block = blocks.subarray(4 * feature, 4 * feature + 4);
      state.cascade = append(state.cascade, block, table, chooseThreshold(state, samples, count));
      progress.update(count + 1);
    }
  } finally {
    progress.end();
  }
}

/** Scores so far of faces and others, whatever the thresholds say. */
function scoreAll({ cascade, matrix, faces, others, blocks }: State): Int32Array {
  const scores = new Int32Array(faces.length + others.length);
  for (let t = 0; t < cascade.thresholds.length; t++) {
    const wanted = cascade.blocks.subarray(4 * t, 4 * t + 4).join();
    let feature = 0;
    while (blocks.subarray(4 * feature, 4 * feature + 4).join() !== wanted) feature++;
    const column = matrix.of(feature);
    const table = cascade.tables.subarray(t * PATTERNS, (t + 1) * PATTERNS);
    for (let i = 0; i < scores.length; i++) scores[i] += table[column[i]];
  }
  return scores;
}

/** Gives up as many faces as are allowed by now, those with the lowest scores. */
function chooseThreshold({ options, faces, lost }: State, { scores }: Samples, table: number): number {
  const total = options.stages[options.stages.length - 1];
  const allowed = Math.floor(options.loss * ((table + 1) / total) ** options.lossPower * faces.length);
  return giveUp(scores.subarray(0, faces.length), lost, allowed);
}

function append(cascade: Cascade, block: Uint8Array, table: Int8Array, threshold: number): Cascade {
  const { blocks, tables, thresholds } = cascade;
  return {
    ...cascade,
    blocks: Uint8Array.from([...blocks, ...block]),
    tables: Int8Array.from([...tables, ...table]),
    thresholds: Int16Array.from([...thresholds, threshold]),
  };
}
