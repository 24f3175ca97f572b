/** `search`: what `smilec train --search` may choose, and within which limits. */
import { z } from "zod";

export const searchSchema = z
  .strictObject({
    seed: z.int().min(0).max(4294967295).default(1).describe("Seed of the candidates and their order."),
    modelBytes: z.int().min(1000).max(4000000).default(100000).describe("Largest model.tflite of a candidate, bytes."),
    arenaBytes: z
      .int()
      .min(1000)
      .max(4000000)
      .default(100000)
      .describe("Largest working memory of a candidate, bytes."),
    deviceMs: z
      .number()
      .gt(0)
      .max(100000)
      .default(40)
      .describe("Longest estimated time of one picture on the board, milliseconds."),
    inputSizes: z
      .array(z.int().min(16).max(128).multipleOf(8))
      .min(1)
      .max(14)
      .default([32, 40, 48, 56, 64])
      .describe("Sides of the network's input to choose from, multiples of 8."),
    augmentation: z
      .array(z.number().min(0).max(2))
      .min(1)
      .max(16)
      .default([0.5, 0.75, 1, 1.25])
      .describe("Strengths to choose from, as factors of train.augment."),
  })
  .prefault({})
  .describe("What `smilec train --search` may choose.");
