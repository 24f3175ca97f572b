/** Which pictures are for training, validation and test: always whole groups (persons, recordings), never single pictures. */
import { createHash } from "node:crypto";
import { UserError } from "../errors.js";
import type { Split } from "./types.js";

export const splitNames: readonly Split[] = ["train", "val", "test"];

/** By a hash of seed and group: a group stays in its split however much is imported later. */
export interface HashPlan {
  readonly kind: "hash";
  readonly seed: number;
  /** Parts of the groups for train, val and test; they sum to 1. */
  readonly fractions: readonly [train: number, val: number, test: number];
}

/** By the number in the file's name, for sets whose neighbours belong together. */
export interface RangePlan {
  readonly kind: "ranges";
  readonly ranges: readonly { readonly split: Split; readonly first: number; readonly last: number }[];
}

export type SplitPlan = HashPlan | RangePlan;

export const defaultSplitPlan: HashPlan = { kind: "hash", seed: 1, fractions: [0.7, 0.15, 0.15] };

const EXAMPLE = "Write `70/15/15`, `70/15/15@seed` or `train=1-9263,val=9264-10586,test=10587-13235`.";
const ALIASES: Readonly<Record<string, Split>> = {
  train: "train",
  training: "train",
  val: "val",
  valid: "val",
  validation: "val",
  dev: "val",
  test: "test",
  testing: "test",
};

/** The split a word stands for (`training`, `validation`, ...); undefined when it is none. */
export function parseSplitName(text: string): Split | undefined {
  const word = text.trim().toLowerCase();
  return Object.hasOwn(ALIASES, word) ? ALIASES[word] : undefined;
}

/** Parses percentages or number ranges. Throws UserError. */
export function parseSplitPlan(text: string): SplitPlan {
  const parts = /^(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)(?:@(\d{1,9}))?$/.exec(text.trim());
  return parts === null ? parseRanges(text) : parseFractions(text, parts);
}

function parseFractions(text: string, parts: RegExpExecArray): HashPlan {
  const [train, val, test] = parts.slice(1, 4).map(Number);
  const sum = train + val + test;
  if (Math.abs(sum - 100) > 1e-9 && Math.abs(sum - 1) > 1e-9) {
    throw new UserError("the parts of a split must sum to 100", { where: text, remedy: EXAMPLE });
  }
  const seed = parts[4] === undefined ? defaultSplitPlan.seed : Number(parts[4]);
  return { kind: "hash", seed, fractions: [train / sum, val / sum, test / sum] };
}

function parseRanges(text: string): RangePlan {
  const ranges = text.split(",").map((part) => {
    const match = /^\s*([a-z]+)\s*=\s*(\d{1,15})-(\d{1,15})\s*$/i.exec(part);
    const split = match === null ? undefined : parseSplitName(match[1]);
    if (match === null || split === undefined) {
      throw new UserError(`the split has a part that is not understood: ${part}`, { where: text, remedy: EXAMPLE });
    }
    return { split, first: Number(match[2]), last: Number(match[3]) };
  });
  const sorted = [...ranges].sort((a, b) => a.first - b.first);
  sorted.forEach((range, i) => {
    const overlaps = i > 0 && range.first <= sorted[i - 1].last;
    if (range.last >= range.first && !overlaps) return;
    const what = overlaps ? "two ranges of the split overlap" : "a range of the split ends before it starts";
    throw new UserError(what, { where: text, remedy: EXAMPLE });
  });
  return { kind: "ranges", ranges };
}

/** The split of a group under a hash plan: SHA-256 of seed and group as a number in [0, 1). */
export function hashSplit(group: string, plan: HashPlan): Split {
  const digest = createHash("sha256").update(`${plan.seed}\0${group}`).digest();
  const position = digest.readUIntBE(0, 6) / 2 ** 48;
  const [train, val] = plan.fractions;
  return position < train ? "train" : position < train + val ? "val" : "test";
}

/** The number in a numeric file name (`123.jpg` is 123). */
export function fileNumber(original: string): number | undefined {
  const match = /(?:^|\/)(\d{1,15})(?:\.[^./]*)?$/.exec(original);
  return match === null ? undefined : Number(match[1]);
}

/** A picture as far as splitting is concerned. */
export interface Splittable {
  readonly original: string;
  readonly group: string;
  /** Given by the set itself. */
  readonly split?: Split;
}

/**
 * The split of every group. A group whose split is given keeps it; the others follow the plan.
 * Throws UserError when a group is in two splits, or a range plan has no range for a picture.
 */
export function assignSplits(pictures: readonly Splittable[], plan: SplitPlan): Map<string, Split> {
  const groups = new Map<string, { split: Split; original: string }>();
  const place = (picture: Splittable, split: Split) => {
    const present = groups.get(picture.group);
    if (present === undefined) groups.set(picture.group, { split, original: picture.original });
    else if (present.split !== split) throw twoSplits(picture, split, present);
  };
  for (const picture of pictures) if (picture.split !== undefined) place(picture, picture.split);
  for (const picture of pictures) {
    if (picture.split !== undefined) continue;
    if (plan.kind === "ranges") place(picture, rangeSplit(picture.original, plan));
    else if (!groups.has(picture.group)) place(picture, hashSplit(picture.group, plan));
  }
  return new Map(Array.from(groups, ([group, { split }]) => [group, split]));
}

function rangeSplit(original: string, plan: RangePlan): Split {
  const number = fileNumber(original);
  const range = plan.ranges.find(({ first, last }) => number !== undefined && number >= first && number <= last);
  if (range !== undefined) return range.split;
  const why = number === undefined ? "its name is not a number" : `${number} is in no range`;
  throw new UserError(`a picture has no split: ${why}`, { where: original, remedy: EXAMPLE });
}

function twoSplits(picture: Splittable, split: Split, present: { split: Split; original: string }): UserError {
  return new UserError(`group ${picture.group} is in two splits, ${present.split} and ${split}`, {
    where: `${present.original} and ${picture.original}`,
    remedy: "Put all pictures of a group (a person, a recording) into one split, or rename one of the groups.",
  });
}

/** Counts of pictures per label and split. */
export type SplitTable = ReadonlyMap<string, Readonly<Record<Split, number>>>;

export function countSplits(pictures: Iterable<{ readonly label: string; readonly split: Split }>): SplitTable {
  const table = new Map<string, Record<Split, number>>();
  for (const { label, split } of pictures) {
    const row = table.get(label) ?? { train: 0, val: 0, test: 0 };
    row[split]++;
    table.set(label, row);
  }
  return table;
}

/** Throws UserError unless there are two labels and every split holds every label; says which lacks what. */
export function checkSplits(table: SplitTable, labels: readonly string[], where: string): void {
  const present = labels.filter((label) => table.has(label));
  if (present.length < 2) {
    const what = present.length === 0 ? "there are no pictures" : `all pictures are labelled ${present[0]}`;
    throw new UserError(`${what}; at least two labels are needed`, {
      where,
      remedy: "Add pictures of another label: one folder per label, or a label column in a manifest.",
    });
  }
  const lacks = splitNames.flatMap((split) =>
    labels.filter((label) => (table.get(label)?.[split] ?? 0) === 0).map((label) => `${split} has no ${label}`),
  );
  if (lacks.length === 0) return;
  throw new UserError("every split needs pictures of every label", {
    where,
    detail: lacks.join("\n"),
    remedy:
      "Add pictures (of more persons), give the splits in folders or a manifest, or try another seed: `--split 70/15/15@2`.",
  });
}
