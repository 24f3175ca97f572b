/** The buffers a picture passes through. One set per thread, made once; nothing is allocated per picture. */
import { BlockCoder } from "./coding/jpeg.js";
import { identity, type Transform } from "./geometry/transform.js";
import { Convolver } from "./optics/convolve.js";
import { GENERIC_SENSOR } from "./sensor/generic.js";
import type { SensorModel } from "./sensor/model.js";
import type { ToneCurve } from "./tone/curve.js";
import { makeCurve, resetCurve } from "./tone/curve.js";
import { DECODE } from "./tone/tables.js";
import type { View } from "./types.js";

export class Planes implements View {
  readonly pixel: number;
  /** Side of the picture in `light` and `grey` now; low resolution makes it smaller than `size` until the picture is enlarged again. */
  side: number;
  /** Output point to source point, both in half sides from the middle. */
  transform: Transform = identity();
  /** Linear light, row-major: 1 is where the sensor is full. */
  light: Float32Array;
  /** Of the size of `light`: for passes that cannot work in place. */
  spare: Float32Array;
  /** 8-bit picture after the tone curve, row-major. */
  readonly grey: Uint8Array;
  readonly spareGrey: Uint8Array;
  /** Linear light of the source picture with its last row and column repeated once: (size + 1) x (size + 1). */
  readonly source: Float32Array;
  readonly convolver: Convolver;
  readonly coder = new BlockCoder();
  /** Takes the picture: its noise and tone curve. */
  sensor: SensorModel = GENERIC_SENSOR;
  /** What the signal processor does after the sensor's own curve. */
  readonly curve: ToneCurve = makeCurve();

  /**
   * @param size side of the square pictures in pixels
   * @param inputSize side of the network's input in pixels
   */
  constructor(
    readonly size: number,
    inputSize: number,
  ) {
    this.pixel = size / inputSize;
    this.side = size;
    this.light = new Float32Array(size * size);
    this.spare = new Float32Array(size * size);
    this.grey = new Uint8Array(size * size);
    this.spareGrey = new Uint8Array(size * size);
    this.source = new Float32Array((size + 1) * (size + 1));
    this.convolver = new Convolver(size);
  }

  /** Starts on a picture of size * size grey pixels. */
  load(pixels: Uint8Array): void {
    const { size, source } = this;
    this.side = size;
    this.sensor = GENERIC_SENSOR;
    this.transform = identity();
    resetCurve(this.curve);
    const stride = size + 1;
    for (let y = 0, from = 0; y < size; y++) {
      const row = y * stride;
      for (let x = 0; x < size; x++) source[row + x] = DECODE[pixels[from++]];
      source[row + size] = source[row + size - 1];
    }
    source.copyWithin(size * stride, (size - 1) * stride, size * stride);
  }

  /** After a pass from `light` to `spare`. */
  swap(): void {
    const { light } = this;
    this.light = this.spare;
    this.spare = light;
  }
}
