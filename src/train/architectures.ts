/**
 * The networks smilec trains: residual nets of plain 3x3 convolutions with batch norm and ReLU6.
 *
 * Per multiply-accumulate they beat depthwise-separable nets on this task, and plain convolutions are what the int8 kernels do fastest.
 * Every stage halves the picture, so most of the work happens on small maps that stay in internal RAM.
 */
import type { Config } from "../config/schema.js";
import type { ConvLayer, Layer, LayerActivation, Network } from "./network.js";

export type Architecture = Config["train"]["architecture"];
export type ArchitectureName = Extract<Architecture, string>;
/** Width of the first convolution, then stages, each of which halves the picture. */
export type ArchitectureShape = Exclude<Architecture, string>;

/** Figures are for a 48x48x1 input and two labels. */
const ARCHITECTURES: Readonly<Record<ArchitectureName, ArchitectureShape>> = {
  // 0.29 M multiply-accumulates, 9 k parameters.
  tiny: {
    stem: 8,
    stages: [
      { kind: "conv", width: 8 },
      { kind: "residual", width: 16 },
      { kind: "conv", width: 32 },
    ],
  },
  // 0.99 M multiply-accumulates, 48 k parameters.
  small: {
    stem: 8,
    stages: [
      { kind: "residual", width: 12 },
      { kind: "residual", width: 24 },
      { kind: "residual", width: 52 },
    ],
  },
  // 2.14 M multiply-accumulates, 81 k parameters.
  default: {
    stem: 16,
    stages: [
      { kind: "residual", width: 20 },
      { kind: "residual", width: 32 },
      { kind: "residual", width: 64 },
    ],
  },
  // 6.69 M multiply-accumulates, 307 k parameters; also the teacher for distillation.
  large: {
    stem: 24,
    stages: [
      { kind: "residual", width: 32 },
      { kind: "residual", width: 64 },
      { kind: "residual", width: 128 },
    ],
  },
};

export const architectureNames = Object.keys(ARCHITECTURES) as readonly ArchitectureName[];

/** Widths of a network, named or not. */
export function architectureShape(architecture: Architecture): ArchitectureShape {
  return typeof architecture === "string" ? ARCHITECTURES[architecture] : architecture;
}

/** A named network's name; of another the widths, such as "12-16r-32r-64c". */
export function architectureName(architecture: Architecture): string {
  if (typeof architecture === "string") return architecture;
  const stages = architecture.stages.map(({ kind, width }) => `${width}${kind === "residual" ? "r" : "c"}`);
  return [architecture.stem, ...stages].join("-");
}

/**
 * Builds a network for grey pictures of `inputSize` x `inputSize` pixels.
 *
 * @param labelCount number of classes = logits, at least 2
 * @param dropout probability of dropping an input of the last layer during training, 0 to < 1
 */
export function buildNetwork(
  architecture: Architecture,
  inputSize: number,
  labelCount: number,
  dropout: number,
): Network {
  const { stem, stages } = architectureShape(architecture);
  const builder = new NetworkBuilder(inputSize);
  let top = builder.conv("stem", 0, stem, 3, 2, "relu6");
  stages.forEach((stage, index) => {
    const name = `stage${index + 1}`;
    top =
      stage.kind === "conv"
        ? builder.conv(name, top, stage.width, 3, 2, "relu6")
        : builder.residual(name, top, stage.width);
  });
  const pooled = builder.push({ kind: "mean", name: "pool", input: top });
  builder.push({ kind: "dense", name: "logits", input: pooled, units: labelCount, dropout });
  return { name: architectureName(architecture), layers: builder.layers };
}

class NetworkBuilder {
  readonly layers: Layer[];

  constructor(inputSize: number) {
    this.layers = [{ kind: "input", name: "input", shape: [inputSize, inputSize, 1] }];
  }

  push(layer: Layer): number {
    this.layers.push(layer);
    return this.layers.length - 1;
  }

  conv(
    name: string,
    input: number,
    filters: number,
    kernel: number,
    stride: number,
    activation: LayerActivation,
  ): number {
    const layer: ConvLayer = { kind: "conv", name, input, filters, kernel, stride, batchNorm: true, activation };
    return this.push(layer);
  }

  /** Two 3x3 convolutions, the first with stride 2, beside a 1x1 projection of the input. */
  residual(name: string, input: number, width: number): number {
    const projected = this.conv(`${name}/project`, input, width, 1, 2, "none");
    const first = this.conv(`${name}/conv1`, input, width, 3, 2, "relu6");
    const second = this.conv(`${name}/conv2`, first, width, 3, 1, "none");
    return this.push({ kind: "add", name: `${name}/add`, inputs: [second, projected], activation: "relu6" });
  }
}
