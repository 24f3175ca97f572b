/**
 * `smilec.config.json`: every key with its unit, default and constraint. The JSON Schema for editors is generated from this one source.
 * Each field has a default, so `{}` is a valid configuration; rules that span keys are in rules.ts.
 */
import { z } from "zod";
import { BOARD_IDS } from "../board/boards.js";
import { COLOUR_ORDERS } from "../board/strip.js";
import { LOCATOR_KINDS } from "../locate/types.js";
import { augmentSchema } from "./augment.js";

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, "must be 1 to 32 of a-z, 0-9 and -, starting with a letter")
  .describe("Name of the bot; becomes the firmware project's name. 1 to 32 of a-z, 0-9 and -.");

const label = z.string().min(1).max(64);

/** `"locator": "neural"` is short for `"locator": { "kind": "neural" }`. */
const locator = z
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

const width = z.int().min(4).max(256);

const architecture = z.strictObject({
  stem: width.describe("Channels of the first convolution."),
  stages: z
    .array(z.strictObject({ kind: z.enum(["conv", "residual"]), width }))
    .min(1)
    .max(6),
});

const search = z
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

const distillation = z
  .strictObject({
    teacher: z
      .string()
      .min(1)
      .max(1024)
      .default("none")
      .describe(
        "Network to learn from besides the labels: none, an architecture (trained first with the same options), or a folder with a float model of the same input and labels.",
      ),
    weight: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe("Part of the loss that is the teacher's; the labels have the rest."),
    temperature: z
      .number()
      .min(1)
      .max(20)
      .default(2)
      .describe("What both networks' logits are divided by for the teacher's part."),
  })
  .prefault({});

const train = z
  .strictObject({
    architecture: z
      .union([z.enum(["tiny", "small", "default", "large"]), architecture])
      .default("default")
      .describe(
        "Network: by name (src/train/architectures.ts), or a stem's width and stages, each of which halves the picture: { kind: conv or residual, width }.",
      ),
    backend: z
      .enum(["auto", "tfjs-node", "wasm"])
      .default("auto")
      .describe("auto: tfjs-node where its native addon loads, else wasm."),
    epochs: z.int().min(1).max(1000).default(60).describe("Passes over the training split."),
    batchSize: z.int().min(8).max(1024).default(128).describe("Pictures per optimizer step."),
    schedule: z
      .enum(["cosine", "one-cycle"])
      .default("cosine")
      .describe(
        "Learning rate over the run. cosine: linear warm-up, then half a cosine to 0; one-cycle: up from a 25th for 30 % of the steps, then down, momentum the other way.",
      ),
    learningRate: z.number().gt(0).max(1).default(0.003).describe("Peak learning rate."),
    warmupEpochs: z.number().min(0).max(50).default(2).describe("Epochs of linear warm-up before the cosine."),
    averaging: z
      .number()
      .min(0)
      .max(0.99999)
      .default(0.998)
      .describe(
        "Part of itself that the moving average of the weights keeps at a step; it is what is evaluated and kept. 0: no average.",
      ),
    weightDecay: z.number().min(0).max(1).default(0.001).describe("Decoupled weight decay (AdamW) on kernels."),
    labelSmoothing: z
      .number()
      .min(0)
      .max(0.5)
      .default(0.05)
      .describe("Softmax cross-entropy targets are mixed with this much uniform."),
    dropout: z.number().min(0).max(0.9).default(0.2).describe("Probability of dropping an input of the last layer."),
    classBalance: z
      .enum(["none", "inverse-frequency", "prior"])
      .default("none")
      .describe(
        "Weights of the classes in the loss, mean 1 over the training split; inverse-frequency: all classes count the same; prior: as often as decision.prior expects them.",
      ),
    earlyStopping: z
      .int()
      .min(0)
      .max(1000)
      .default(0)
      .describe("Stop after this many epochs without a better validation loss; 0: never."),
    seed: z
      .int()
      .min(0)
      .max(4294967295)
      .default(1)
      .describe("Seed of initialisation, order, augmentation and dropout."),
    threads: z
      .int()
      .min(0)
      .max(64)
      .default(0)
      .describe("Worker threads; 0: one per core, at most 4. The result does not depend on it."),
    distillation,
    augment: augmentSchema,
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

const lights = z
  .strictObject({
    kind: z
      .enum(["gpio", "ws2812"])
      .default("gpio")
      .describe(
        "What is at pins.lights. gpio: LEDs or a transistor, high for green; ws2812: a strip or ring of addressable LEDs.",
      ),
    count: z.int().min(1).max(64).default(8).describe("LEDs of the strip."),
    brightness: z
      .int()
      .min(1)
      .max(100)
      .default(20)
      .describe("Of the strip, per cent of the LEDs' full current; lowered to what maxMilliamps allows."),
    colourOrder: z.enum(COLOUR_ORDERS).default("grb").describe("Order in which the strip takes its colours."),
    maxMilliamps: z
      .int()
      .min(10)
      .max(10000)
      .default(200)
      .describe(
        "What the supply can give the strip at 5 V; the default is what a USB port of 500 mA has left beside the board. No setting on the card goes beyond it.",
      ),
  })
  .prefault({});

const firmware = z
  .strictObject({
    lights,
    lightsMs: z
      .int()
      .min(100)
      .max(60000)
      .default(3000)
      .describe("How long the lights stay green after a smile, milliseconds."),
    debounceMs: z.int().min(1).max(200).default(30).describe("How long the button must be steady, milliseconds."),
    slotsPerSegment: z.int().min(4).max(4096).default(128).describe("Captures per segment file on the card."),
    interval: z
      .int()
      .min(0)
      .max(86400)
      .default(0)
      .describe("Also take a picture without a press so many seconds after the last one, 1 to 86400; 0: presses only."),
    serial: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe("Answer `smilec device` on the serial port that the log goes to (docs/serial.md)."),
        baud: z
          .union([z.literal(115200), z.literal(230400), z.literal(460800), z.literal(921600)])
          .default(921600)
          .describe("Bits per second of that port, for the log too; a board's own USB port has none."),
      })
      .prefault({}),
    cores: z
      .union([z.literal(1), z.literal(2)])
      .default(1)
      .describe("Cores of the chip that run the network (engine aot); the scores are the same."),
  })
  .prefault({});

const gpio = z.int().min(0).max(48);

const pins = z
  .strictObject({
    button: z
      .union([z.literal("board"), gpio])
      .default("board")
      .describe("GPIO of the button, to GND; board: as `smilec boards` shows."),
    lights: z
      .union([z.literal("board"), gpio])
      .default("board")
      .describe("GPIO of the lights, active high, or of a strip's data line; board: as `smilec boards` shows."),
    status: z
      .union([z.literal("board"), z.literal("none"), gpio])
      .default("board")
      .describe("GPIO of a status LED of your own, active high; board: the board's own LED, if it has one."),
  })
  .prefault({});

export const configSchema = z.strictObject({
  $schema: z.string().optional().describe("Path of the JSON Schema, for editors."),
  name: name.default("smile-bot"),
  board: z.enum(BOARD_IDS).default("esp32cam").describe("Board the firmware is for; `smilec boards` lists them."),
  pins,
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
  locator,
  data,
  train,
  search,
  quantize,
  decision,
  retrain,
  firmware,
});

/** A complete configuration: every default filled in. */
export type Config = z.output<typeof configSchema>;
