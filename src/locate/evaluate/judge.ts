/** One frame, one locator: which candidates are faces, and where the chosen box lies. */
import type { Box, GrayImage } from "../../data/types.js";
import type { Scene, SceneFixture } from "../../scenes/types.js";
import { type Counting, chooseFace } from "../choose.js";
import type { Candidate } from "../types.js";
import { holdsMiddle, middleDistance, overlap, shared } from "./overlap.js";
import type { Aim, Answer } from "./types.js";

/** A box counts as finding a face from this intersection over union on (PASCAL VOC, Everingham et al. 2010). */
export const MATCH = 0.5;
/** With less of a face's box in common the chosen box looks at something else. */
const ON_FACE = 0.1;

export interface Judged extends Omit<Answer, "smile"> {
  /** What the bot would look at; undefined when it would find nobody. */
  readonly chosen: Candidate | undefined;
  /** The fixture that the chosen box lies on, when it lies on no face. */
  readonly fixture: SceneFixture | undefined;
}

/** @param candidates most confident first */
export function judge(scene: Scene, candidates: readonly Candidate[], counting: Counting): Judged {
  const { threshold } = counting;
  const found = matched(scene, candidates);
  const chosen = lookedAt(scene.frame, candidates, counting);
  const fixture = chosen === undefined ? undefined : fixtureUnder(scene, chosen.box);
  return {
    found: found.map(({ confidence, face }) => ({ confidence, face })),
    errors: scene.faces.map(({ box }, index) => {
      const match = found.find(({ face, confidence }) => face === index && confidence >= threshold);
      return match === undefined ? undefined : middleDistance(box, match.box);
    }),
    aim: aimOf(scene, chosen, fixture),
    chosen,
    fixture,
  };
}

/** What the bot would look at; undefined when it would find nobody. */
export function lookedAt(
  { width, height }: Pick<GrayImage, "width" | "height">,
  candidates: readonly Candidate[],
  counting: Counting,
): Candidate | undefined {
  const best = chooseFace(candidates, counting, width, height);
  return best !== undefined && best.confidence >= counting.threshold ? best : undefined;
}

/**
 * Each candidate, most confident first, takes the face it overlaps most among those not yet taken, from MATCH on; all others are false, but for
 * those that lie on a doubtful face.
 */
function matched({ faces, doubtful }: Scene, candidates: readonly Candidate[]) {
  const taken = new Set<number>();
  const found: { confidence: number; face: number; box: Box }[] = [];
  for (const { box, confidence } of candidates) {
    let best = -1;
    faces.forEach((face, index) => {
      const part = overlap(face.box, box);
      if (!taken.has(index) && part >= MATCH && (best < 0 || part > overlap(faces[best].box, box))) best = index;
    });
    if (best >= 0) taken.add(best);
    else if (doubtful.some((face) => overlap(face.box, box) >= ON_FACE)) continue;
    found.push({ confidence, face: best, box });
  }
  return found;
}

function aimOf({ faces, doubtful }: Scene, chosen: Candidate | undefined, fixture: SceneFixture | undefined): Aim {
  if (chosen === undefined) return "nobody";
  if ([...faces, ...doubtful].some(({ box }) => overlap(box, chosen.box) >= ON_FACE)) return "face";
  return fixture === undefined ? "elsewhere" : "fixture";
}

/** Of the fixtures that hold the box's middle, or that the box holds for the better part: the one it covers best. */
function fixtureUnder({ fixtures }: Scene, box: Box): SceneFixture | undefined {
  const under = fixtures.filter(
    (fixture) => holdsMiddle(fixture.box, box) || 2 * shared(fixture.box, box) > fixture.box.width * fixture.box.height,
  );
  return under.sort((a, b) => overlap(b.box, box) - overlap(a.box, box))[0];
}
