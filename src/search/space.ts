/** What a search chooses from: input size, architecture and strength of augmentation, drawn in a seeded order. */
import type { Config } from "../config/schema.js";
import type { Architecture, ArchitectureShape } from "../train/architectures.js";
import { Rng } from "../train/rng.js";
import { STREAM } from "../train/streams.js";
import { scaledAugmentation } from "./augmentation.js";

export interface Candidate {
  readonly inputSize: number;
  readonly architecture: Architecture;
  /** Factor of the configured strengths. */
  readonly augmentation: number;
}

/** Widths are multiples of 4: the kernels work on 4 channels at a time. */
const STEMS = [8, 12, 16, 24];
const FIRST_WIDTHS = [8, 12, 16, 24, 32];
/** From stage to stage. */
const GROWTHS = [1.33, 1.5, 2];
const WIDEST = 160;
/** A stage must not be smaller than this many pixels a side. */
const LEAST_SIDE = 3;
const MOST_STAGES = 4;

/** Candidate `index` of a search: 0 is what the configuration says, every other is drawn from the stream (seed, search, index). */
export function candidate({ input, train, search }: Config, index: number): Candidate {
  if (index === 0) return { inputSize: input.size, architecture: train.architecture, augmentation: 1 };
  const rng = new Rng(search.seed, STREAM.search, index);
  const inputSize = choose(rng, search.inputSizes);
  const augmentation = choose(rng, search.augmentation);
  return { inputSize, architecture: drawArchitecture(rng, inputSize), augmentation };
}

function choose<T>(rng: Rng, from: readonly T[]): T {
  return from[rng.below(from.length)];
}

function drawArchitecture(rng: Rng, inputSize: number): ArchitectureShape {
  const stem = choose(rng, STEMS);
  // The stem halves the picture, then each stage does.
  const most = Math.min(MOST_STAGES, Math.floor(Math.log2(inputSize / 2 / LEAST_SIDE)));
  const count = Math.max(2, most - rng.below(2));
  let width = choose(rng, FIRST_WIDTHS);
  const stages = Array.from({ length: count }, () => {
    const stage = { kind: rng.uniform() < 0.8 ? "residual" : "conv", width } as const;
    width = Math.min(WIDEST, Math.round((width * choose(rng, GROWTHS)) / 4) * 4);
    return stage;
  });
  return { stem, stages };
}

/** The configuration with a candidate's choices. */
export function withCandidate(config: Config, { inputSize, architecture, augmentation }: Candidate): Config {
  return {
    ...config,
    input: { ...config.input, size: inputSize },
    train: { ...config.train, architecture, augment: scaledAugmentation(config.train.augment, augmentation) },
  };
}
