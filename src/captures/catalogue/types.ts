import type { Box } from "../../data/types.js";
import type { CaptureMetadata } from "../metadata.js";

export type PullKind = "folder" | "image" | "serial";

export type Consent = "unknown" | "given" | "refused";

/** What a person can say of a capture besides one of the configuration's labels. */
export const NO_FACE = "no-face";
export const UNSURE = "unsure";

/** A capture's name: the bot, its card's epoch and the number. */
export interface CaptureKey {
  /** 8 hex digits. */
  readonly device: string;
  /** 8 hex digits. */
  readonly epoch: string;
  readonly sequence: number;
}

/** When a capture was taken, as well as can be known: the bot has no clock. Milliseconds since 1970, UTC. */
export interface TakenTime {
  readonly ms: number;
  /** It may be earlier by this much. */
  readonly errorMs: number;
}

/** A capture about to be catalogued; its picture is on the disk already. */
export interface NewCapture {
  readonly metadata: CaptureMetadata;
  readonly width: number;
  readonly height: number;
  readonly payloadCrc: number;
  readonly payloadBytes: number;
  /** Of the picture, below the captures' folder, with forward slashes. */
  readonly path: string;
  readonly taken: TakenTime | undefined;
  /** Found by its header in a damaged file system or a deleted segment. */
  readonly recovered: boolean;
}

export interface CatalogueCapture extends NewCapture {
  readonly id: number;
  readonly key: CaptureKey;
  readonly pull: number;
  /** deleted: the person asked for it; the picture is gone and is never pulled again. */
  readonly state: "kept" | "deleted";
  readonly consent: Consent;
  /** Of the first and of the second look, undefined where there is none. */
  readonly judgements: readonly [first: Judgement | undefined, second: Judgement | undefined];
  /** What was settled where the two looks disagree. */
  readonly resolution: Judgement | undefined;
}

/** Which look at a capture: the first, the second, or the one that settles a disagreement between them. */
export type Pass = 1 | 2 | 3;

/** What a person says of a capture. */
export interface NewJudgement {
  readonly pass: Pass;
  /** One of the configuration's labels, NO_FACE or UNSURE. */
  readonly label: string;
  /** The face as the person drew it; undefined: where the locator looked. */
  readonly box: Box | undefined;
  /** Milliseconds since 1970, UTC. */
  readonly atMs: number;
  /** One act of a person, whatever captures it is about; the same stroke counts once for each. */
  readonly stroke?: string;
}

/** What a picture looks like, measured once. */
export interface Look {
  readonly measures: Readonly<Record<string, number>>;
  /** The face in a few bytes, for telling how alike two are. */
  readonly sketch: Uint8Array;
}

export interface Judgement {
  /** One of the configuration's labels, NO_FACE or UNSURE. */
  readonly label: string;
  /** The face as the person drew it; undefined: where the locator looked. */
  readonly box: Box | undefined;
  /** Milliseconds since 1970, UTC. */
  readonly atMs: number;
  /** Of the label event, for undoing it. */
  readonly event: number;
}

export interface QuarantinedRecord {
  /** Name of the segment or image, without folders. */
  readonly file: string;
  readonly slot: number | undefined;
  readonly offset: number;
  readonly reason: string;
  readonly message: string;
  /** Of the bytes put aside, below the captures' folder; undefined when there was nothing to keep. */
  readonly path: string | undefined;
}

export interface SegmentState {
  readonly device: string;
  readonly epoch: string;
  readonly segment: number;
  readonly slots: number;
  /** Slots behind which nothing was committed at the last look. */
  readonly slotsRead: number;
  /** Says whether it has changed since; the puller's own. */
  readonly mark: string;
}
