/** `train`: network, optimizer, distillation, augmentation. */
import { z } from "zod";
import { augmentSchema } from "./augment.js";

const width = z.int().min(4).max(256);

const architecture = z.strictObject({
  stem: width.describe("Channels of the first convolution."),
  stages: z
    .array(z.strictObject({ kind: z.enum(["conv", "residual"]), width }))
    .min(1)
    .max(6),
});

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

export const trainSchema = z
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
