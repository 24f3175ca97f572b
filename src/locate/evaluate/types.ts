/** What is measured of locators. */
import type { Box, GrayImage } from "../../data/types.js";
import type { Interval } from "../../evaluate/bootstrap.js";
import type { FixtureKind, SceneFace, SceneFixture } from "../../scenes/types.js";
import type { Counting } from "../choose.js";
import type { Candidate } from "../types.js";
import type { SceneSet } from "./test-scenes.js";

/** A locator to be measured. */
export interface Contestant extends Counting {
  readonly name: string;
  /** Most confident first. */
  candidates(frame: GrayImage): readonly Candidate[];
}

/** Where the chosen box lies. */
export type Aim = "face" | "fixture" | "elsewhere" | "nobody";

/** One locator's answer to one scene, without the pictures. */
export interface Answer {
  /** Candidates that matter: with the face each found (index into the scene's faces), or -1. Those on doubtful faces are left out. */
  readonly found: readonly { readonly confidence: number; readonly face: number }[];
  /** Of each face found at the threshold: distance of middles in face widths; undefined where it was missed. */
  readonly errors: readonly (number | undefined)[];
  readonly aim: Aim;
  /** Log-odds of a smile in the chosen box; undefined when nobody was found. */
  readonly smile: number | undefined;
}

/** What is true of a scene. */
export interface Truth {
  readonly set: SceneSet;
  /** Sides of its faces, pixels. */
  readonly sides: readonly number[];
  /** Whether a face is there that is mostly hidden. */
  readonly doubtful: boolean;
  /** Of the face that a perfect locator would choose; undefined without faces. */
  readonly smiles: boolean | undefined;
  /** Scenes with the same person stand or fall together. */
  readonly group: string;
}

export type FailureKind = "fixture" | "missed" | "false face" | "elsewhere";

/** A scene that a locator failed, with its picture. */
export interface Failure {
  readonly kind: FailureKind;
  readonly index: number;
  readonly frame: GrayImage;
  readonly faces: readonly SceneFace[];
  readonly fixtures: readonly SceneFixture[];
  /** What it chose; undefined when it found nobody. */
  readonly chosen: Candidate | undefined;
  readonly on: FixtureKind | undefined;
}

/** Where every locator looked in one scene. */
export interface Look {
  readonly index: number;
  readonly frame: GrayImage;
  readonly faces: readonly Box[];
  /** By the order of the locators. */
  readonly chosen: readonly (Candidate | undefined)[];
}

export interface SizeBin {
  /** Sides of faces in pixels: from `least` up to below `most`. */
  readonly least: number;
  readonly most: number | null;
  readonly faces: number;
  readonly recall: Interval;
}

export interface LocatorFigures {
  readonly name: string;
  readonly threshold: number;
  /** At IoU 0.5, over all faces and frames. */
  readonly averagePrecision: Interval;
  /** At the lowest confidence with at most 1 false face in 100 frames. */
  readonly recallAt1In100: Interval;
  /** At the threshold. */
  readonly recall: Interval;
  readonly falseFacesPer100: Interval;
  readonly bySize: readonly SizeBin[];
  /** Distance of the middles of face and box in face widths, of faces found at the threshold. */
  readonly errorMedian: Interval;
  readonly error90: Interval;
  /** Of the scenes with a lamp or window and a face: where the chosen box lies. */
  readonly aims: Readonly<Record<Aim, Interval>>;
  /** Of the scenes with a lamp or window and nobody: how often a face is seen. */
  readonly falseAlarms: Interval;
  readonly nobody: { readonly precision: Interval; readonly recall: Interval };
  /** Frame in, lights out: of the faces to be chosen that smile, with 70 % precision. */
  readonly smileRecallAt70: Interval;
  /** Points of smile recall behind perfect boxes, on the same draws. */
  readonly behindPerfect: Interval;
}
