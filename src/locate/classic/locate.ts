/** The classic locator: frame -> pyramid -> windows that pass the cascade -> candidates (docs/locate.md); twin of firmware/core/sm_classic.c. */
import { createHash } from "node:crypto";
import type { GrayImage } from "../../data/types.js";
import type { Candidate, Detector } from "../types.js";
import { type Cascade, parseCascade, tableCount } from "./cascade.js";
import { groupHits, HitList } from "./group.js";
import { frameBox, pyramid } from "./pyramid.js";
import { Scanner } from "./scan.js";

/** Every face candidate of a frame of 1 to 4096 pixels on each side, most confident first. */
export function locateClassic(cascade: Cascade, frame: GrayImage, scanner = new Scanner(cascade)): Candidate[] {
  const last = cascade.thresholds[tableCount(cascade) - 1];
  const list = new HitList();
  for (const level of pyramid(cascade, frame)) {
    scanner.scan(level, (x, y, score) => {
      list.add({ box: frameBox(cascade.window, frame, level, x, y), weight: score - last + 1 });
    });
  }
  return groupHits(list.hits, frame, cascade.evidence);
}

/** Its confidence says little of a face that passed: how many windows around it did depends on its size. */
export const SPREAD = 1000;

/** A cascade of a file. Reuses its buffers between frames. */
export class ClassicLocator implements Detector {
  readonly hash: string;
  readonly cascade: Cascade;
  private readonly scanner: Scanner;

  /** @param text of a `cascade.json`. Throws UserError, naming `where`. */
  constructor(text: string, where: string) {
    this.cascade = parseCascade(text, where);
    this.hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
    this.scanner = new Scanner(this.cascade);
  }

  /** Confidence from which on a candidate counts, per mille. */
  get threshold(): number {
    return this.cascade.threshold;
  }

  readonly spread = SPREAD;

  candidates(frame: GrayImage): Candidate[] {
    return locateClassic(this.cascade, frame, this.scanner);
  }
}
