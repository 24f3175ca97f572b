/** What a drawn face does at one moment. */
import type { Rng } from "../../train/rng.js";

/**
 * A face is labelled a smile iff its smile parameter is above this. Nothing is drawn between NEUTRAL_MAX and SMILE_MIN, so that no picture's
 * label hangs on a hair.
 */
const SMILE_THRESHOLD = 0.35;
const NEUTRAL_MAX = 0.1;
const SMILE_MIN = 0.55;

export interface Expression {
  /** -1 corners drawn down, 0 at rest, 1 a broad smile. */
  readonly smile: number;
  /** Opening of the mouth, 0 closed to 1 wide. */
  readonly open: number;
  /** How much of the teeth shows in an open mouth, 0 to 1. */
  readonly teeth: number;
  /** Rounding of the lips, 0 to 1. */
  readonly pucker: number;
  /** Left and right corner differ, -1 to 1. */
  readonly lopsided: number;
  /** Lids drawn together, as in a felt smile or bright light, 0 to 1. */
  readonly squint: number;
  /** Lids closed, 0 open to 1 shut. */
  readonly blink: number;
  /** -1 to 1 to the left and right, and up and down. */
  readonly gazeX: number;
  readonly gazeY: number;
  /** Raised brows, -1 lowered to 1. */
  readonly brows: number;
  /** Inner ends of the brows drawn together, 0 to 1. */
  readonly frown: number;
}

/** Label of a smile parameter. */
export function labelOf(smile: number): "smile" | "neutral" {
  return smile > SMILE_THRESHOLD ? "smile" : "neutral";
}

/** Draws an expression of the wanted label. Neutral faces talk, pout, frown and are surprised; smiles show teeth or do not. */
export function drawExpression(rng: Rng, label: "smile" | "neutral"): Expression {
  const common = drawEyesAndBrows(rng);
  return label === "smile" ? { ...common, ...drawSmile(rng) } : { ...common, ...drawNeutral(rng) };
}

function drawEyesAndBrows(rng: Rng) {
  return {
    squint: 0.25 * rng.uniform(),
    blink: rng.uniform() < 0.07 ? rng.between(0.6, 1) : 0.15 * rng.uniform(),
    gazeX: 0.45 * rng.normal(),
    gazeY: 0.25 * rng.normal(),
    brows: 0.3 * rng.normal(),
    frown: rng.uniform() < 0.2 ? rng.between(0.2, 1) : 0,
    lopsided: 0.25 * rng.normal(),
    pucker: 0,
  };
}

function drawSmile(rng: Rng) {
  const smile = rng.between(SMILE_MIN, 1);
  const parted = rng.uniform() < 0.68;
  return {
    smile,
    open: parted ? rng.between(0.18, 0.4) + (rng.uniform() < 0.2 ? 0.35 * rng.uniform() : 0) : 0.05 * rng.uniform(),
    teeth: parted ? rng.between(0.6, 1) : 0,
    squint: Math.min(1, smile * rng.between(0.3, 1)),
    frown: 0,
  };
}

function drawNeutral(rng: Rng) {
  const kind = rng.uniform();
  const smile = NEUTRAL_MAX - Math.abs(0.3 * rng.normal());
  if (kind < 0.6) return { smile: Math.max(-0.7, smile), open: 0.05 * rng.uniform(), teeth: 0 };
  if (kind < 0.78) return drawTalking(rng, Math.max(-0.4, smile));
  if (kind < 0.86) return { smile: rng.between(-1, -0.4), open: 0.1 * rng.uniform(), teeth: 0, frown: rng.uniform() };
  if (kind < 0.93)
    return { smile: rng.between(-0.3, 0), open: 0.12 * rng.uniform(), teeth: 0, pucker: rng.between(0.4, 1) };
  return {
    smile: rng.between(-0.2, 0),
    open: rng.between(0.5, 1),
    teeth: 0.4 * rng.uniform(),
    brows: rng.between(0.4, 1),
  };
}

/** Mouth shapes of speech; some bare the teeth without a smile. */
function drawTalking(rng: Rng, smile: number) {
  const teeth = rng.uniform() < 0.4 ? rng.between(0.4, 0.9) : 0.2 * rng.uniform();
  return { smile, open: rng.between(0.12, 0.6), teeth, pucker: rng.uniform() < 0.4 ? rng.between(0.1, 0.7) : 0 };
}
