/** What one thread does with a group of pictures: logits, or loss, gradient and statistics. */
import type { TrainingTask } from "../backend.js";
import { detectionSum, OUTPUT_CHANNELS, TARGET_CHANNELS } from "../detection-loss.js";
import { crossEntropySum } from "../loss.js";
import { GroupBackward } from "./group-backward.js";
import { GroupForward } from "./group-forward.js";
import type { Group, GroupMemory, PassOptions } from "./group-memory.js";

export class GroupRunner {
  private readonly forward: GroupForward;
  private readonly backward: GroupBackward;

  constructor(
    private readonly task: TrainingTask,
    private readonly memory: GroupMemory,
  ) {
    this.forward = new GroupForward(memory);
    this.backward = new GroupBackward(memory);
  }

  /** Rearranges the kernels for the matrix products; once per change of parameters. */
  pack(backward: boolean): void {
    const { memory } = this;
    memory.network.layers.forEach((layer, index) => {
      if (layer.kind !== "conv") return;
      const { forwardPanels, backwardPanels } = memory.layer(index);
      const { kernel, run } = memory.shared.windows[index]!;
      const from = memory.parameter(index, "kernel");
      memory.kernels.packForward(from, forwardPanels, kernel, run, layer.filters);
      if (backward) memory.kernels.packBackward(from, backwardPanels, kernel, run, layer.filters);
    });
  }

  /** Logits of the group into the shared logits. */
  infer(group: Group, options: PassOptions): void {
    this.forward.run(group, options, false);
    const { memory } = this;
    const last = memory.network.layers.length - 1;
    const { height, width, channels } = memory.shape(last);
    const values = height * width * channels;
    const from = memory.layer(last).activation.base;
    const to = memory.shared.logits + group.start * values * 4;
    memory.values(to, group.count * values).set(memory.values(from, group.count * values));
  }

  /** Gradient, statistics and loss of the group into its shared slots. */
  train(group: Group, options: PassOptions): void {
    const { memory } = this;
    this.forward.run(group, options, true);
    memory.values(memory.gradientOf(group), memory.shared.parameterCount).fill(0);
    const { gradientsStart, gradientsEnd } = memory.workspace;
    memory.values(gradientsStart, (gradientsEnd - gradientsStart) >> 2).fill(0);
    this.forward.storeStatistics(group);
    const [loss, correct] =
      this.task === "detect" ? this.detection(group, options) : this.classification(group, options);
    const result = (memory.shared.results >> 3) + group.index * 2;
    memory.f64[result] = loss;
    memory.f64[result + 1] = correct;
    this.backward.run(group);
  }

  private classification(group: Group, { labelSmoothing, lossFactor, distillation }: PassOptions): [number, number] {
    const { memory } = this;
    const { shared } = memory;
    const last = memory.network.layers.length - 1;
    const classes = memory.shape(last).channels;
    const { activation, gradient } = memory.layer(last);
    const taught = () => memory.values(shared.teacher + group.start * classes * 4, group.count * classes);
    const { loss, correct } = crossEntropySum(
      {
        logits: memory.values(activation.base, group.count * classes),
        classes,
        labels: memory.u8.subarray(shared.labels + group.start, shared.labels + group.start + group.count),
        weights: memory.values(shared.weights + group.start * 4, group.count),
        labelSmoothing,
        ...(distillation === undefined ? {} : { teacher: { ...distillation, logits: taught() } }),
      },
      lossFactor,
      memory.values(gradient.base, group.count * classes),
    );
    return [loss, correct];
  }

  private detection(group: Group, { lossFactor }: PassOptions): [number, number] {
    const { memory } = this;
    const { shared } = memory;
    const last = memory.network.layers.length - 1;
    const { height, width } = memory.shape(last);
    const { activation, gradient } = memory.layer(last);
    const cells = height * width;
    const targets = shared.targets + group.start * cells * TARGET_CHANNELS * 4;
    const sum = detectionSum(
      {
        outputs: memory.values(activation.base, group.count * cells * OUTPUT_CHANNELS),
        targets: memory.values(targets, group.count * cells * TARGET_CHANNELS),
        weights: memory.values(shared.weights + group.start * 4, group.count),
      },
      lossFactor,
      memory.values(gradient.base, group.count * cells * OUTPUT_CHANNELS),
      memory.values(shared.losses + group.start * 4, group.count),
    );
    return [sum, 0];
  }
}
