/** `locator`: how the face is found. */
import { z } from "zod";
import { LOCATOR_KINDS } from "../locate/types.js";

/** `"locator": "neural"` is short for `"locator": { "kind": "neural" }`. */
export const locatorSchema = z
  .preprocess(
    (given) => (typeof given === "string" ? { kind: given } : given),
    z.strictObject({
      kind: z
        .enum(LOCATOR_KINDS)
        .default("center")
        .describe(
          'How the face is found. center: a fixed square of the frame; classic: a boosted cascade; neural: a small network. The detectors can say that nobody is there. `"locator": "neural"` is short for it.',
        ),
      x: z
        .int()
        .min(0)
        .max(1000)
        .default(500)
        .describe("center: middle of the square, thousandths of the frame's width."),
      y: z
        .int()
        .min(0)
        .max(1000)
        .default(500)
        .describe("center: middle of the square, thousandths of the frame's height."),
      size: z
        .int()
        .min(50)
        .max(1000)
        .default(800)
        .describe("center: side of the square, thousandths of the frame's shorter side."),
      threshold: z
        .int()
        .min(1)
        .max(1000)
        .nullable()
        .default(null)
        .describe("classic, neural: confidence from which a face counts, per mille; null: the detector's own."),
    }),
  )
  .prefault({});
