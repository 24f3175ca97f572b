/**
 * The detector: depthwise separable convolutions down to a 32nd of the canvas, and back up to its cells by doubling, with what was there on the way
 * down added (Lin et al. 2017, "Feature Pyramid Networks"): a cell then knows both its detail and its surroundings, so one map finds faces
 * of all sizes.
 *
 * Plain convolutions would be better per multiply-accumulate, but at these resolutions there are none to spare.
 */

import { OUTPUT_CHANNELS } from "../../train/detection-loss.js";
import type { Layer, LayerActivation, Network } from "../../train/network.js";
import type { Canvas } from "./canvas.js";

export interface DetectorShape {
  /** Channels at 1/2, 1/4, 1/8 (the cells), 1/16 and 1/32 of the canvas. */
  readonly widths: readonly [number, number, number, number, number];
  /** Residual pairs at 1/4, 1/8, 1/16 and 1/32, and at the cells after coming back. */
  readonly depths: readonly [number, number, number, number, number];
}

export const DETECTOR: DetectorShape = { widths: [8, 16, 32, 64, 64], depths: [0, 1, 1, 2, 1] };

/** The network for a canvas whose extents are multiples of 32; its output is [height / CELL, width / CELL, OUTPUT_CHANNELS]. */
export function buildDetector(canvas: Canvas, { widths, depths }: DetectorShape = DETECTOR): Network {
  const builder = new DetectorBuilder(canvas);
  const stem = builder.conv("stem", 0, widths[0], 3, 2, "relu6");
  const quarter = builder.stage("quarter", stem, widths[1], depths[0]);
  const cells = builder.stage("cells", quarter, widths[2], depths[1]);
  const wide = builder.stage("wide", cells, widths[3], depths[2]);
  const widest = builder.stage("widest", wide, widths[4], depths[3]);
  const surroundings = builder.up("up1", widest, wide, widths[3]);
  let top = builder.up("up2", surroundings, cells, widths[2]);
  for (let i = 0; i < depths[4]; i++) top = builder.residual(`top${i + 1}`, top, widths[2]);
  builder.logits(top);
  return { name: "face-detector", layers: builder.layers };
}

class DetectorBuilder {
  readonly layers: Layer[];

  constructor({ width, height }: Canvas) {
    this.layers = [{ kind: "input", name: "input", shape: [height, width, 1] }];
  }

  conv(name: string, input: number, filters: number, kernel: number, stride: number, activation: LayerActivation) {
    return this.push({ kind: "conv", name, input, filters, kernel, stride, batchNorm: true, activation });
  }

  /** Half the map, then `depth` residual pairs. */
  stage(name: string, input: number, width: number, depth: number): number {
    let top = this.separable(`${name}/down`, input, width, 2, "relu6");
    for (let i = 0; i < depth; i++) top = this.residual(`${name}/${i + 1}`, top, width);
    return top;
  }

  residual(name: string, input: number, width: number): number {
    const branch = this.separable(name, input, width, 1, "none");
    return this.push({ kind: "add", name: `${name}/add`, inputs: [branch, input], activation: "relu6" });
  }

  /** The smaller map, brought to the larger one's channels and doubled, plus the larger one. */
  up(name: string, small: number, large: number, width: number): number {
    const fitted = this.conv(`${name}/fit`, small, width, 1, 1, "none");
    const doubled = this.push({ kind: "upsample", name: `${name}/double`, input: fitted });
    return this.push({ kind: "add", name: `${name}/add`, inputs: [doubled, large], activation: "relu6" });
  }

  logits(input: number): number {
    const rest = { kernel: 1, stride: 1, batchNorm: false, activation: "none" } as const;
    return this.push({ kind: "conv", name: "map", input, filters: OUTPUT_CHANNELS, ...rest });
  }

  private separable(name: string, input: number, width: number, stride: number, activation: LayerActivation): number {
    const rest = { kernel: 3, stride, batchNorm: true, activation: "relu6" } as const;
    const spatial = this.push({ kind: "depthwise", name: `${name}/spatial`, input, ...rest });
    return this.conv(`${name}/mix`, spatial, width, 1, 1, activation);
  }

  private push(layer: Layer): number {
    return this.layers.push(layer) - 1;
  }
}
