/** The classic locator: frame -> pyramid -> windows that pass the cascade -> candidates (docs/locate.md); twin of firmware/core/sm_classic.c. */
import type { GrayImage } from "../../data/types.js";
import type { Candidate } from "../types.js";
import { type Cascade, tableCount } from "./cascade.js";
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
