/** What a composed scene is: a camera frame, and where its faces and its face-like things are. */
import type { Box, GrayImage, Split } from "../data/types.js";

/** Things in a room that are no face, by what a detector may take them for. */
export type FixtureKind =
  | "lamp"
  | "window"
  | "clock"
  | "socket"
  | "poster"
  | "screen"
  | "shelf"
  | "door"
  | "plant"
  | "plate"
  | "ball"
  | "mug"
  | "bag"
  | "porthole"
  | "vent"
  | "speaker"
  | "drawers"
  | "car"
  | "hand"
  | "head";

export interface SceneFace {
  /**
   * The square that the smile network wants to see (framing of the SMILEs set: brows to chin), inside the frame: of a face that the border
   * cuts, the square is moved in.
   */
  readonly box: Box;
  /** The square where the face really is; beyond the frame where the border cuts it. Pixels. */
  readonly whole: Box;
  /** Part of `whole` that the frame shows and nothing hides, 0 to 1. */
  readonly visible: number;
  /** Whose picture it is: `<import>/<id>` or `drawn/<seed>/<index>`. */
  readonly id: string;
  readonly group: string;
  readonly label: string;
}

export interface SceneFixture {
  /** Bounds of what is seen of it. */
  readonly box: Box;
  readonly kind: FixtureKind;
}

export interface Scene {
  readonly frame: GrayImage;
  /** At least VISIBLE of each is seen. */
  readonly faces: readonly SceneFace[];
  /** Faces of which less is seen: neither finding nor missing them is a mistake. */
  readonly doubtful: readonly SceneFace[];
  readonly fixtures: readonly SceneFixture[];
  /** `backlit`, `dark`, `blurred`, `moved`, `cut` (a face by the border), `nobody`. */
  readonly tags: readonly string[];
}

/** A face with less of its box in sight is doubtful. */
export const VISIBLE = 0.6;

/** A picture of a person to be cut out. */
export interface PersonPicture {
  readonly image: GrayImage;
  /** The face's square in the picture's pixels; need not be whole. */
  readonly face: { readonly x: number; readonly y: number; readonly side: number };
  /** How much of each pixel is the person, 0 to 255; where absent it is estimated. */
  readonly coverage?: Uint8Array;
  readonly id: string;
  readonly group: string;
  readonly label: string;
}

/** People of one split, by number; a picture is read when it is asked for. */
export interface People {
  readonly count: number;
  readonly split: Split;
  picture(index: number): PersonPicture;
  close(): void;
}

export interface SceneOptions {
  /** Pixels, 1 to 4096. */
  readonly width: number;
  readonly height: number;
  readonly people: People;
  /** Chances of 0, 1, 2, 3 faces; they are scaled to sum to 1. Default 0.25, 0.5, 0.17, 0.08. */
  readonly faces?: readonly number[];
  /** Side of face boxes, fractions of the frame's shorter side; log-uniform between. Default 0.1 to 0.83: 24 to 200 of 240 pixels. */
  readonly sizes?: readonly [smallest: number, largest: number];
  /** One of these is put into the scene first, where it can be seen. */
  readonly fixtures?: readonly FixtureKind[];
}
