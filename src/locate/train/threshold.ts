/** The confidence from which on a face counts, chosen on validation scenes. */
import type { Candidate } from "../types.js";
import type { PooledScene } from "./scene-pool.js";

/** A candidate that overlaps a real face this much is no false face, whether or not it finds it well enough. */
const NEAR = 0.2;
const FOUND = 0.5;

/** Outcome of a threshold on scenes. */
export interface OperatingPoint {
  /** Per mille. */
  readonly threshold: number;
  /** Part of the faces that a candidate at or above the threshold meets with IoU 0.5. */
  readonly recall: number;
  /** Candidates at or above the threshold that meet no face, per frame. */
  readonly falseFaces: number;
}

/** Scenes with the candidates that were found in them, both in the same pixels. */
export interface SearchedScene {
  readonly scene: PooledScene;
  readonly candidates: readonly Candidate[];
}

/** The lowest threshold with at most `most` false faces per frame. */
export function chooseConfidence(searched: readonly SearchedScene[], most: number): OperatingPoint {
  const wrong = searched.flatMap(falseConfidences).sort((a, b) => b - a);
  const allowed = Math.floor(most * searched.length);
  const threshold = Math.min(1000, wrong.length > allowed ? wrong[allowed] + 1 : 1);
  return operatingPoint(searched, threshold);
}

export function operatingPoint(searched: readonly SearchedScene[], threshold: number): OperatingPoint {
  const faces = searched.flatMap(({ scene, candidates }) =>
    scene.faces.filter(({ counts }) => counts).map((face) => candidates.some((one) => finds(one, face, threshold))),
  );
  const wrong = searched.flatMap(falseConfidences).filter((confidence) => confidence >= threshold);
  return {
    threshold,
    recall: faces.filter((found) => found).length / Math.max(1, faces.length),
    falseFaces: wrong.length / Math.max(1, searched.length),
  };
}

type Face = PooledScene["faces"][number];

function finds({ box, confidence }: Candidate, face: Face, threshold: number): boolean {
  return confidence >= threshold && likeness(box, face) >= FOUND;
}

function falseConfidences({ scene, candidates }: SearchedScene): number[] {
  return candidates
    .filter(({ box }) => scene.faces.every((face) => likeness(box, face) < NEAR))
    .map(({ confidence }) => confidence);
}

/** Intersection over union. */
function likeness({ x, y, width }: Candidate["box"], face: Face): number {
  const along = (start: number, middle: number) =>
    Math.max(0, Math.min(start + width, middle + face.side / 2) - Math.max(start, middle - face.side / 2));
  const both = along(x, face.x) * along(y, face.y);
  return both / (width * width + face.side * face.side - both);
}
