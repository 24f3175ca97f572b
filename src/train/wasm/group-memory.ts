/** One thread's view of the shared memory: addresses of parameters, batch and workspace, and the numbers that go from pass to pass. */
import type { SimulatedQuantization } from "../backend.js";
import type { ConvLayer, DepthwiseLayer, Network, ParameterRole } from "../network.js";
import type { Kernels } from "./kernels.js";
import type { LayerBuffers, Shape, SharedPlan, Workspace } from "./plan.js";

/** Pictures [start, start + count) of the batch. */
export interface Group {
  readonly index: number;
  readonly start: number;
  readonly count: number;
}

/** What a job asks of every group. */
export interface PassOptions {
  readonly labelSmoothing: number;
  /** 1 / sum of the batch's weights. */
  readonly lossFactor: number;
  /** Weight and temperature of the teacher, whose logits lie in shared memory. */
  readonly distillation?: { readonly weight: number; readonly temperature: number };
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Ends between which, strictly, a layer's output passes its gradient on. */
export interface Limits {
  readonly low: number;
  readonly high: number;
}

/** Byte offset of a layer's parameter in a flat array. */
type Offsets = Partial<Record<ParameterRole, number>>;

export class GroupMemory {
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly u8: Uint8Array;
  /** Absent for a layer whose output has no ends. */
  readonly limits: readonly (Limits | undefined)[];
  /** 1 / standard deviation per channel of batch-norm layers, kept from forward to backward. */
  readonly inverseDeviations: readonly Float64Array[];
  private readonly offsets: Offsets[];

  constructor(
    readonly network: Network,
    readonly kernels: Kernels,
    memory: WebAssembly.Memory,
    readonly shared: SharedPlan,
    readonly workspace: Workspace,
    readonly quantization: readonly (SimulatedQuantization | undefined)[],
  ) {
    this.f32 = new Float32Array(memory.buffer);
    this.f64 = new Float64Array(memory.buffer);
    this.u8 = new Uint8Array(memory.buffer);
    this.offsets = network.layers.map(() => ({}));
    for (const slot of shared.slots) this.offsets[slot.layer][slot.role] = slot.offset * 4;
    this.inverseDeviations = shared.shapes.map((shape) => new Float64Array(shape.channels));
    this.limits = network.layers.map((layer, index) =>
      limitsOf("activation" in layer && layer.activation === "relu6", quantization[index]),
    );
  }

  shape(index: number): Shape {
    return this.shared.shapes[index];
  }

  layer(index: number): LayerBuffers {
    return this.workspace.layers[index];
  }

  values(address: number, count: number): Float32Array {
    return this.f32.subarray(address >> 2, (address >> 2) + count);
  }

  parameter(index: number, role: ParameterRole): number {
    return this.shared.parameters + this.offsets[index][role]!;
  }

  /** The group's gradient, in the layout of the parameters. */
  gradientOf(group: Group): number {
    return this.shared.gradients + group.index * this.shared.parameterCount * 4;
  }

  parameterGradient(group: Group, index: number, role: ParameterRole): number {
    return this.gradientOf(group) + this.offsets[index][role]!;
  }

  /** The per-channel arrays of a layer: factor, offset, mean, constant, slope. */
  channelArrays(index: number): Float32Array[] {
    const { channels } = this.shape(index);
    return [0, 1, 2, 3, 4].map((k) => this.values(this.channelArray(index, k), channels));
  }

  channelArray(index: number, k: number): number {
    return this.layer(index).channels + k * this.shape(index).channels * 4;
  }

  /** How a convolution's pictures are cut into blocks and tiles of 4 pixels. */
  blocks(layer: ConvLayer | DepthwiseLayer, index: number, group: Group) {
    const { blockPictures, pixels } = this.shared.windows[index]!;
    return {
      blocks: Math.ceil(group.count / blockPictures),
      tiles: (blockPictures * pixels) / 4,
      stride: blockPictures * this.layer(layer.input).activation.picture,
    };
  }

  /** Mask of a dense layer's inputs; 0: none. */
  mask(index: number, group: Group): number {
    const layer = this.network.layers[index];
    if (layer.kind !== "dense" || layer.dropout === 0) return 0;
    return this.shared.masks.get(index)! + group.start * this.shape(layer.input).channels * 4;
  }
}

/** ReLU6 and int8 both cut: the narrower range counts. float32, as the kernels compute them. */
function limitsOf(relu6: boolean, quantization: SimulatedQuantization | undefined): Limits | undefined {
  if (!relu6 && quantization === undefined) return undefined;
  const end = (q: number, unlimited: number) =>
    quantization === undefined ? unlimited : Math.fround((q - quantization.zeroPoint) * quantization.scale);
  const low = end(-128, -Infinity);
  const high = end(127, Infinity);
  return relu6 ? { low: Math.max(0, low), high: Math.min(6, high) } : { low, high };
}
