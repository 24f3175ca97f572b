import type { Augmentation } from "../types.js";
import { bend } from "./curve.js";
import { encodeSrgb } from "./tables.js";

/** Where the curve leaves the straight line, as a fraction of the grey value that becomes white. */
const KNEE = 0.6;

/** A camera with too little range: light that is `stops` below white is white already. Shadows and middle tones stay as they are. */
export const clippedHighlights: Augmentation<"clippedHighlights", number> = {
  name: "clippedHighlights",
  stream: 33,
  draw(rng, { stops, probability }) {
    const happens = rng.uniform() < probability;
    const drawn = stops * rng.uniform();
    return happens && stops > 0 ? drawn : undefined;
  },
  apply(planes, stops) {
    const white = encodeSrgb(2 ** -stops);
    const knee = KNEE * white;
    const slope = (1 - knee) / (white - knee);
    bend(planes.curve, (value) => (value <= knee ? value : knee + (value - knee) * slope));
  },
  examples: ({ stops }) => [
    { title: "clipped highlights", at: (t) => ({ drawn: t * stops, label: `${(t * stops).toFixed(1)} stops` }) },
  ],
};
