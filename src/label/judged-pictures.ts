/** Judged captures as training pictures: the form that `data import` takes (src/data/layout.ts), with groups that keep a split from leaking. */
import { join } from "node:path";
import type { Catalogue } from "../captures/catalogue/catalogue.js";
import { pressKey } from "../captures/catalogue/press-key.js";
import { type CatalogueCapture, NO_FACE, UNSURE } from "../captures/catalogue/types.js";
import type { Config } from "../config/schema.js";
import type { ImportEntry } from "../data/layout.js";
import type { Box } from "../data/types.js";
import { agreedJudgement } from "./agreement.js";

/** deleted: here, or withdrawn on the bot. */
export type LeftOut = "unjudged" | "disputed" | "unsure" | "no-face" | "unknown-label" | "refused" | "deleted";

/** A capture as a training picture. */
export interface JudgedPicture extends ImportEntry {
  /** The face: always there, as a capture is a whole frame. */
  readonly box: Box;
  /** Of the catalogue. */
  readonly capture: number;
  /** One of the person's acts of pressing: captures of a press are alike. */
  readonly press: string;
}

export interface JudgedPictures {
  readonly pictures: readonly JudgedPicture[];
  /** Captures per reason. */
  readonly leftOut: Readonly<Record<LeftOut, number>>;
}

/** A day of 24 hours is only known if the time is better known than that. */
const DAY_MS = 24 * 60 * 60 * 1000;

/** Every capture with an agreed label of the configuration, by bot and number, and how many are left out for what. */
export function judgedPictures(catalogue: Catalogue, { labels }: Pick<Config, "labels">): JudgedPictures {
  const leftOut = { unjudged: 0, disputed: 0, unsure: 0, "no-face": 0, "unknown-label": 0, refused: 0, deleted: 0 };
  const pictures: JudgedPicture[] = [];
  for (const capture of catalogue.captures()) {
    const found = judged(capture, labels);
    if (typeof found === "string") leftOut[found]++;
    else pictures.push(entryOf(catalogue.dir, capture, found.label, found.box ?? capture.metadata.box));
  }
  return { pictures, leftOut };
}

function judged(
  capture: CatalogueCapture,
  labels: readonly string[],
): { label: string; box: Box | undefined } | LeftOut {
  if (capture.state !== "kept") return "deleted";
  if (capture.consent === "refused") return "refused";
  const agreed = agreedJudgement(capture);
  if (agreed.kind !== "agreed") return agreed.kind;
  if (labels.includes(agreed.label)) return agreed;
  return agreed.label === UNSURE ? "unsure" : agreed.label === NO_FACE ? "no-face" : "unknown-label";
}

function entryOf(dir: string, capture: CatalogueCapture, label: string, box: Box): JudgedPicture {
  return {
    path: Buffer.from(join(dir, capture.path)),
    original: capture.path,
    label,
    group: groupOf(capture),
    size: capture.payloadBytes,
    box,
    capture: capture.id,
    press: pressKey(capture),
  };
}

/**
 * Who stands before a bot comes back the same day, to the same light: bot and day are the smallest thing that may be split. Where the day is not known, it is
 * what the bot captured between two starts.
 */
export function groupOf({ key, metadata, taken }: Pick<CatalogueCapture, "key" | "metadata" | "taken">): string {
  if (taken === undefined || taken.errorMs >= DAY_MS) return `${key.device}/${key.epoch}/boot-${metadata.boot}`;
  return `${key.device}/${new Date(taken.ms).toISOString().slice(0, 10)}`;
}
