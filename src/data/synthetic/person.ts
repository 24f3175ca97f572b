/**
 * What does not change about a drawn person. Lengths are in head units: 1 is half the height of the head, y points down, the origin is the
 * middle of the head, so the top of the skull is at -1 and the chin at +1. Albedos are linear reflectances, 0 to 1.
 */
import type { Rng } from "../../train/rng.js";

export type HairStyle = "bald" | "short" | "fringe" | "parted" | "long" | "tied";

export interface Person {
  /** Half width of the head at the cheekbones. */
  readonly headWidth: number;
  /** How much narrower the jaw is than the cheekbones, 0 to 1. */
  readonly jaw: number;
  readonly skin: number;
  readonly hair: number;
  readonly hairStyle: HairStyle;
  /** Height of the hairline in the middle, negative. */
  readonly hairline: number;
  /** How far the hair stands off the skull. */
  readonly hairVolume: number;
  /** Distance of an eye from the middle. */
  readonly eyeX: number;
  readonly eyeY: number;
  readonly eyeWidth: number;
  readonly eyeHeight: number;
  /** Outer corners above (positive) the inner ones, slope. */
  readonly eyeTilt: number;
  readonly iris: number;
  readonly browHeight: number;
  readonly browThickness: number;
  readonly browArch: number;
  readonly brow: number;
  readonly noseLength: number;
  readonly noseWidth: number;
  readonly mouthY: number;
  readonly mouthWidth: number;
  readonly upperLip: number;
  readonly lowerLip: number;
  /** Albedo of the lips as a part of the skin's. */
  readonly lipTone: number;
  /** Lift of the corners when the face is at rest: some people always seem to smile a little. */
  readonly restingLift: number;
  readonly teeth: number;
  /** 0: none, 1: full; between: stubble. */
  readonly beard: number;
  readonly moustache: number;
  readonly glasses: "none" | "thin" | "thick" | "dark";
  /** Corner radius of the lenses: 0 rectangular, 1 round. */
  readonly glassesRoundness: number;
  /** Depth of folds and bags, 0 to 1. */
  readonly age: number;
  readonly dimples: number;
  readonly clothes: number;
  readonly collar: number;
  /** Seeds hair strands, stubble and blotches. */
  readonly texture: number;
}

/** Draws a person. */
export function drawPerson(rng: Rng): Person {
  const skin = Math.exp(rng.between(Math.log(0.09), Math.log(0.6)));
  const bearded = rng.uniform() < 0.22;
  const hair = rng.uniform() < 0.18 ? rng.between(0.25, 0.55) : Math.exp(rng.between(Math.log(0.015), Math.log(0.16)));
  return {
    ...drawHeadShape(rng),
    ...drawEyes(rng, hair),
    ...drawLowerFace(rng, skin),
    skin,
    hair,
    hairStyle: pickHair(rng, bearded),
    beard: bearded ? rng.between(0.35, 1) : rng.uniform() < 0.2 ? rng.between(0.08, 0.3) : 0,
    moustache: bearded ? rng.between(0.3, 1) : rng.uniform() < 0.05 ? rng.between(0.5, 1) : 0,
    ...drawExtras(rng),
  };
}

function pickHair(rng: Rng, bearded: boolean): HairStyle {
  const styles: readonly HairStyle[] = bearded
    ? ["bald", "short", "short", "parted", "short", "long"]
    : ["short", "fringe", "parted", "long", "tied", "long", "short", "bald", "fringe", "parted"];
  return styles[rng.below(styles.length)];
}

function drawHeadShape(rng: Rng) {
  return {
    headWidth: rng.between(0.68, 0.82),
    jaw: rng.between(0.08, 0.3),
    hairline: rng.between(-0.68, -0.5),
    hairVolume: rng.between(0.04, 0.16),
    texture: rng.uint32(),
  };
}

function drawEyes(rng: Rng, hair: number) {
  return {
    eyeX: rng.between(0.27, 0.33),
    eyeY: rng.between(-0.08, 0.02),
    eyeWidth: rng.between(0.115, 0.15),
    eyeHeight: rng.between(0.05, 0.078),
    eyeTilt: rng.between(-0.1, 0.16),
    iris: Math.exp(rng.between(Math.log(0.015), Math.log(0.16))),
    browHeight: rng.between(0.15, 0.22),
    browThickness: rng.between(0.016, 0.042),
    browArch: rng.between(0.01, 0.07),
    brow: Math.min(0.3, hair * rng.between(0.7, 1.4)),
  };
}

function drawLowerFace(rng: Rng, skin: number) {
  return {
    noseLength: rng.between(0.36, 0.46),
    noseWidth: rng.between(0.1, 0.16),
    mouthY: rng.between(0.54, 0.62),
    mouthWidth: rng.between(0.22, 0.29),
    upperLip: rng.between(0.04, 0.075),
    lowerLip: rng.between(0.055, 0.1),
    lipTone: skin < 0.18 ? rng.between(0.5, 0.8) : rng.between(0.34, 0.6),
    restingLift: 0.08 * rng.normal(),
    teeth: rng.between(0.5, 0.8),
  };
}

function drawExtras(rng: Rng) {
  const glasses = rng.uniform();
  return {
    glasses: glasses < 0.72 ? "none" : glasses < 0.85 ? "thin" : glasses < 0.98 ? "thick" : "dark",
    glassesRoundness: rng.between(0.15, 1),
    age: rng.uniform() * rng.uniform(),
    dimples: rng.uniform() < 0.3 ? rng.between(0.3, 1) : 0,
    clothes: Math.exp(rng.between(Math.log(0.02), Math.log(0.7))),
    collar: Math.exp(rng.between(Math.log(0.03), Math.log(0.7))),
  } as const;
}
