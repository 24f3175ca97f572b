/**
 * `smilec.config.json`: every key with its unit, default and constraint; larger sections have files of their own. The JSON Schema for editors is
 * generated from this one source. Each field has a default, so `{}` is a valid configuration; rules that span keys are in rules.ts.
 */
import { z } from "zod";
import { BOARD_IDS } from "../board/boards.js";
import { firmwareSchema, pinsSchema } from "./firmware.js";
import { locatorSchema } from "./locator.js";
import { searchSchema } from "./search.js";
import { trainSchema } from "./train.js";

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, "must be 1 to 32 of a-z, 0-9 and -, starting with a letter")
  .describe("Name of the bot; becomes the firmware project's name. 1 to 32 of a-z, 0-9 and -.");

const label = z.string().min(1).max(64);

const input = z
  .strictObject({
    size: z
      .int()
      .min(16)
      .max(128)
      .default(48)
      .describe("Side of the network's square grey input in pixels, 16 to 128."),
    normalize: z
      .enum(["standardize", "none"])
      .default("standardize")
      .describe("standardize: mean 0, standard deviation 1 per picture, integer-only; none: grey - 128."),
  })
  .prefault({});

const quantize = z
  .strictObject({
    calibration: z
      .int()
      .min(16)
      .max(100000)
      .default(512)
      .describe("Training pictures that activation ranges are measured on."),
    percentile: z
      .number()
      .min(99)
      .max(100)
      .default(99.99)
      .describe("Percentile of activations that the int8 range covers."),
    finetuneEpochs: z
      .int()
      .min(0)
      .max(200)
      .default(4)
      .describe("Epochs of quantization-aware training after the float training; 0: quantize as trained."),
    finetuneLearningRate: z
      .number()
      .gt(0)
      .max(1)
      .default(0.0001)
      .describe("Learning rate at the start of quantization-aware training; half a cosine to 0."),
  })
  .prefault({});

const decision = z
  .strictObject({
    threshold: z
      .union([z.literal("auto"), z.number().gt(0).lt(1)])
      .default("auto")
      .describe(
        "Probability of the positive label at which the lights turn green; auto: chosen on validation as decision.aim says.",
      ),
    aim: z
      .enum(["precision", "cost"])
      .default("precision")
      .describe(
        "What an automatic threshold aims at. precision: the most smiles found at decision.targetPrecision; cost: the lowest cost of mistakes by decision.costRatio.",
      ),
    targetPrecision: z
      .number()
      .min(0.5)
      .max(0.999)
      .default(0.7)
      .describe("Precision that an automatic threshold aims at on the validation split."),
    costRatio: z
      .number()
      .min(0.01)
      .max(100)
      .default(1)
      .describe("How much worse a false green is than a missed smile."),
    prior: z
      .union([z.literal("data"), z.number().gt(0).lt(1)])
      .default("data")
      .describe(
        "Part of presses that is expected to be positive, for the threshold and the probabilities; data: as in the validation split.",
      ),
    burst: z.int().min(1).max(8).default(3).describe("Frames taken per press; their logits are averaged."),
  })
  .prefault({});

const data = z
  .strictObject({
    imports: z.array(z.string()).default([]).describe("Names of the imports to use; empty: all."),
    synthetic: z
      .strictObject({
        count: z.int().min(40).max(200000).default(2400).describe("Pictures to draw, over all splits."),
        seed: z.int().min(0).max(4294967295).default(1).describe("Seed of the drawn faces."),
      })
      .prefault({})
      .describe("The built-in face generator, used while nothing is imported."),
  })
  .prefault({});

const retrain = z
  .strictObject({
    captureWeight: z
      .number()
      .gt(0)
      .max(100)
      .default(4)
      .describe("How much a judged capture counts in training and validation, against one picture of the base data."),
    heldOut: z
      .number()
      .min(0.1)
      .max(0.8)
      .default(0.3)
      .describe("Part of bots' days whose captures are never trained on: the new model must be better on them."),
    fewest: z
      .int()
      .min(1)
      .max(100000)
      .default(10)
      .describe("Fewest judged held-out presses of the positive label, and of the others, to compare models on."),
    epochs: z.int().min(1).max(1000).default(12).describe("Passes over base data and captures."),
    learningRate: z.number().gt(0).max(1).default(0.001).describe("Peak learning rate of training on."),
    margin: z
      .number()
      .min(0)
      .max(1)
      .default(0.02)
      .describe("Average precision that the new model may lose on the base test pictures."),
    certain: z
      .boolean()
      .default(true)
      .describe(
        "true: the 95 % intervals of both differences must say so; false: the differences themselves are enough.",
      ),
  })
  .prefault({})
  .describe("What `smilec retrain` does with judged captures.");

export const configSchema = z.strictObject({
  $schema: z.string().optional().describe("Path of the JSON Schema, for editors."),
  name: name.default("smile-bot"),
  board: z.enum(BOARD_IDS).default("esp32cam").describe("Board the firmware is for; `smilec boards` lists them."),
  pins: pinsSchema,
  engine: z
    .enum(["aot", "tflm", "coin"])
    .default("aot")
    .describe("aot: generated C; tflm: TensorFlow Lite Micro; coin: no model yet, log everything."),
  labels: z
    .array(label)
    .min(2)
    .max(16)
    .default(["neutral", "smile"])
    .describe("Classes in the order of the network's outputs."),
  positive: label.default("smile").describe("The label that turns the lights green."),
  coinProbability: z.number().min(0).max(1).default(0.5).describe("Probability of green lights with engine coin."),
  input,
  locator: locatorSchema,
  data,
  train: trainSchema,
  search: searchSchema,
  quantize,
  decision,
  retrain,
  firmware: firmwareSchema,
});

/** A complete configuration: every default filled in. */
export type Config = z.output<typeof configSchema>;
