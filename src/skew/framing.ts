/** Where the captures' squares lie in their frames, and where people saw the face in them. Facts, not tests: training pictures often are crops without a frame. */
import type { Judgement } from "../captures/catalogue/types.js";
import type { Capture } from "../captures/read-segment.js";
import { Histogram } from "./histogram.js";

export interface FramingFacts {
  /** Median side of the square that the network sees, frame pixels, and as a part of the frame's shorter side. */
  readonly side: number;
  readonly share: number;
  /** Faces that people drew: how many, their median size relative to the square, and their median distance from its middle, in sides. */
  readonly drawn: { readonly count: number; readonly size: number; readonly offCentre: number } | undefined;
}

/** One bin a pixel; no camera of these boards has frames of a larger shorter side. */
const LARGEST_SIDE = 1024;

export class Framing {
  private readonly side = new Histogram(0, LARGEST_SIDE);
  private readonly share = new Histogram(0, 1.001);
  private readonly size = new Histogram(0, 4);
  private readonly offCentre = new Histogram(0, 2);

  add({ frame, metadata: { box } }: Capture, judgement: Judgement | undefined): void {
    this.side.add(box.width);
    this.share.add(box.width / Math.min(frame.width, frame.height));
    const face = judgement?.box;
    if (face === undefined) return;
    this.size.add(Math.max(face.width, face.height) / box.width);
    const dx = face.x + face.width / 2 - box.x - box.width / 2;
    const dy = face.y + face.height / 2 - box.y - box.height / 2;
    this.offCentre.add(Math.hypot(dx, dy) / box.width);
  }

  finish(): FramingFacts {
    const { side, share, size, offCentre } = this;
    const drawn = { count: size.count, size: size.quantile(0.5), offCentre: offCentre.quantile(0.5) };
    return {
      side: Math.floor(side.quantile(0.5)),
      share: share.quantile(0.5),
      drawn: size.count === 0 ? undefined : drawn,
    };
  }
}
