/**
 * Speed of augmentation on one core: 64x64 pictures to 48x48 inputs, preprocessing included, at the default strengths and with every augmentation
 * in every picture, against the augmenter before src/augment in the same run; then what each augmentation costs. CPU time, the best of several
 * rounds, so that a busy machine changes little.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/augment.ts [rounds, default 8]
 */
import { Augmenter, STAGES } from "#smilec/augment/pipeline.js";
import { Planes } from "#smilec/augment/planes.js";
import type { AugmentOptions } from "#smilec/augment/types.js";
import { configSchema } from "#smilec/config/schema.js";
import { drawnCrop } from "#smilec/data/synthetic/people.js";
import { SquarePreprocessor } from "#smilec/preprocess/square.js";
import { Rng } from "#smilec/train/rng.js";
import { STREAM } from "#smilec/train/streams.js";
import { EarlierAugmenter } from "./augment-before.js";

const SIDE = 64;
const SPEC = { size: 48, normalize: "standardize" } as const;
const ROUNDS = Number(process.argv[2] ?? 8);
const PICTURES = 1000;

const DEFAULT = configSchema.parse({}).train.augment;
/** The camera gives plain frames, so it would leave JPEG out, which costs more. */
const ALWAYS = {
  ...Object.fromEntries(
    Object.entries(DEFAULT).map(([name, strength]) => [
      name,
      typeof strength === "object" && "probability" in strength ? { ...strength, probability: 1 } : strength,
    ]),
  ),
  camera: { sensor: "none", probability: 0 },
} as AugmentOptions;
const BEFORE = {
  flip: true,
  shift: 0.1,
  scale: 0.15,
  rotate: 15,
  brightness: 0.3,
  contrast: 0.5,
  shade: 0.5,
  blur: 1,
  noise: 12,
};

const pictures = Array.from({ length: 16 }, (_, i) => drawnCrop(1, i, SIDE).image.pixels);
const out = new Int8Array(SPEC.size ** 2);

interface Candidate {
  readonly name: string;
  readonly augment: (source: Uint8Array, epoch: number, picture: number, out: Int8Array) => void;
  /** Microseconds of CPU a picture, the least of all rounds. */
  best: number;
}

function candidate(name: string, augmenter: { augment: Candidate["augment"] }): Candidate {
  return { name, augment: augmenter.augment.bind(augmenter), best: Number.POSITIVE_INFINITY };
}

function cpuMicroseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function compare(): void {
  const candidates = [
    candidate("before src/augment", new EarlierAugmenter(SIDE, SPEC, BEFORE, 1)),
    candidate("default strengths", new Augmenter(SIDE, SPEC, DEFAULT, 1)),
    candidate("everything, always", new Augmenter(SIDE, SPEC, ALWAYS, 1)),
  ];
  for (let round = 0; round < ROUNDS; round++) {
    for (const one of candidates) {
      const spent = cpuMicroseconds(() => {
        for (let i = 0; i < PICTURES; i++) one.augment(pictures[i % pictures.length], round, i, out);
      });
      one.best = Math.min(one.best, spent / PICTURES);
    }
  }
  for (const { name, best } of candidates) {
    const ratio = (best / candidates[0].best).toFixed(2);
    console.log(`${name.padEnd(22)} ${(1e6 / best).toFixed(0).padStart(6)} pictures/s a core  x ${ratio} the time`);
  }
}

interface Cost {
  times: number;
  /** Milliseconds. */
  spent: number;
}

/** What is spent on each part over one round of pictures at the default strengths. */
function round(planes: Planes, preprocessor: SquarePreprocessor, epoch: number): Map<string, Cost> {
  const costs = new Map<string, Cost>();
  const timed = <Value>(name: string, work: () => Value): Value => {
    const start = performance.now();
    const value = work();
    const cost = costs.get(name) ?? { times: 0, spent: 0 };
    costs.set(name, { times: cost.times + 1, spent: cost.spent + performance.now() - start });
    return value;
  };
  for (let i = 0; i < PICTURES; i++) {
    timed("load", () => planes.load(pictures[i % pictures.length]));
    STAGES.forEach((stage) => {
      for (const augmentation of stage.augmentations) {
        const drawn = timed("draws", () => {
          const rng = new Rng(1, STREAM.augment, epoch, i, augmentation.stream);
          return augmentation.draw(rng, DEFAULT[augmentation.name], planes);
        });
        if (drawn !== undefined) timed(augmentation.name, () => augmentation.apply(planes, drawn));
      }
      timed(`end of ${stage.name}`, () => stage.conclude(planes, new Rng(1, epoch, i)));
    });
    timed("preprocessing", () => preprocessor.run(planes.grey, out));
  }
  return costs;
}

/** Each part's share of a picture, its time when it happens, and how often it does; of all rounds the least time. */
function shares(): void {
  const planes = new Planes(SIDE, SPEC.size);
  const preprocessor = new SquarePreprocessor(SIDE, SPEC);
  const rounds = Array.from({ length: ROUNDS }, (_, epoch) => round(planes, preprocessor, epoch));
  const rows = [...new Set(rounds.flatMap((costs) => [...costs.keys()]))].map((name) => {
    const costs = rounds.map((each) => each.get(name) ?? { times: 0, spent: Number.POSITIVE_INFINITY });
    const each = Math.min(...costs.map(({ times, spent }) => (1000 * spent) / times));
    const often = costs.reduce((sum, { times }) => sum + times, 0) / (ROUNDS * PICTURES);
    return { name, each, often, mean: each * often };
  });
  const total = rows.reduce((sum, { mean }) => sum + mean, 0);
  console.log("\npart of a picture        share  each time  how often");
  for (const { name, each, often, mean } of rows.sort((a, b) => b.mean - a.mean)) {
    const cells = [`${((100 * mean) / total).toFixed(1)} %`, `${each.toFixed(1)} us`, `${(100 * often).toFixed(0)} %`];
    console.log(`${name.padEnd(20)} ${cells.map((cell) => cell.padStart(9)).join("  ")}`);
  }
}

compare();
shares();
