/**
 * Training-time variation of a reduced frame: mirror, zoom and shift, light across the frame, tone, blur and noise. Composed scenes bring optics and
 * light of their own; this makes more of each, so that composing is not what training waits for.
 */
import type { Rng } from "../../../train/rng.js";
import type { WantedFace } from "./targets.js";

/** Length of the table of normal numbers that noise is read from. */
const NORMALS = 1 << 16;

/** A face with less of its square in the frame does not count. */
const VISIBLE = 0.6;

export interface VariedFrame {
  readonly pixels: Uint8Array;
  readonly faces: readonly WantedFace[];
}

/** Output pixel (x, y) shows source (left + x * step, top + y * step), mirrored first. */
interface View {
  readonly mirrored: boolean;
  readonly step: number;
  readonly left: number;
  readonly top: number;
}

/** One per thread; the frame it returns is overwritten by the next call. */
export class FrameVariation {
  private readonly light: Float32Array;
  private readonly blurred: Float32Array;
  private readonly pixels: Uint8Array;
  private readonly normals: Float32Array;
  private readonly table = new Float32Array(256);

  constructor(
    private readonly width: number,
    private readonly height: number,
    normals: Rng,
  ) {
    this.light = new Float32Array(width * height);
    this.blurred = new Float32Array(width * height);
    this.pixels = new Uint8Array(width * height);
    this.normals = Float32Array.from({ length: NORMALS }, () => normals.normal());
  }

  /** Faces are in pixels of the frame. */
  vary(source: Uint8Array, faces: readonly WantedFace[], rng: Rng): VariedFrame {
    const view = this.drawView(rng);
    this.drawTable(rng);
    this.look(source, view);
    if (rng.uniform() < 0.3) this.slant(rng);
    if (rng.uniform() < 0.12) this.blur();
    this.develop(rng);
    return { pixels: this.pixels, faces: faces.flatMap((face) => this.seen(face, view)) };
  }

  private drawView(rng: Rng): View {
    const mirrored = rng.uniform() < 0.5;
    if (rng.uniform() < 0.4) return { mirrored, step: 1, left: 0, top: 0 };
    const step = Math.exp(rng.between(-0.3, 0.15));
    const shift = (extent: number) => (extent * (1 - step)) / 2 + 0.12 * extent * rng.between(-1, 1);
    return { mirrored, step, left: shift(this.width), top: shift(this.height) };
  }

  /** Gamma, contrast and brightness as a table over the grey values. */
  private drawTable(rng: Rng): void {
    const gamma = rng.uniform() < 0.5 ? 1 : Math.exp(rng.between(-0.5, 0.5));
    const contrast = Math.exp(rng.between(-0.5, 0.4));
    const brightness = rng.between(-40, 40);
    for (let grey = 0; grey < 256; grey++) {
      this.table[grey] = 128 + contrast * (255 * (grey / 255) ** gamma - 128) + brightness;
    }
  }

  /** Bilinear; beyond the border the border's pixels go on. */
  private look(source: Uint8Array, { mirrored, step, left, top }: View): void {
    const { width, height, light, table } = this;
    for (let y = 0, to = 0; y < height; y++) {
      const v = Math.max(0, Math.min(height - 1.001, top + y * step));
      const row = Math.floor(v);
      const down = v - row;
      for (let x = 0; x < width; x++, to++) {
        const u = Math.max(0, Math.min(width - 1.001, left + x * step));
        const column = Math.floor(u);
        const right = u - column;
        const next = mirrored ? -1 : 1;
        const from = row * width + (mirrored ? width - 1 - column : column);
        const upper = source[from] + right * (source[from + next] - source[from]);
        const below = from + width;
        const lower = source[below] + right * (source[below + next] - source[below]);
        light[to] = upper + down * (lower - upper);
      }
    }
    for (let i = 0; i < light.length; i++) light[i] = table[Math.round(light[i])];
  }

  private slant(rng: Rng): void {
    const { width, height, light } = this;
    const along = rng.between(-0.5, 0.5);
    const down = rng.between(-0.5, 0.5);
    for (let y = 0, i = 0; y < height; y++) {
      const level = 1 + down * (y / height - 0.5) - along / 2;
      for (let x = 0; x < width; x++, i++) light[i] *= level + (along * x) / width;
    }
  }

  /** The mean with the four neighbours. */
  private blur(): void {
    const { width, light, blurred } = this;
    blurred.set(light);
    for (let i = width + 1; i < light.length - width - 1; i++) {
      const around = blurred[i - 1] + blurred[i + 1] + blurred[i - width] + blurred[i + width];
      light[i] = 0.36 * blurred[i] + 0.16 * around;
    }
  }

  private develop(rng: Rng): void {
    const { width, light, pixels, normals } = this;
    const noise = rng.uniform() < 0.4 ? 0 : Math.exp(rng.between(-0.5, 1.6));
    let entry = 0;
    for (let i = 0; i < light.length; i++) {
      if (i % width === 0) entry = rng.below(NORMALS - width);
      const value = light[i] + noise * normals[entry++];
      pixels[i] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
    }
  }

  /** Where the view shows a face; one that it cuts too much no longer counts. */
  private seen(face: WantedFace, { mirrored, step, left, top }: View): WantedFace[] {
    const { width, height } = this;
    // Pixel centres lie at halves.
    const x = ((mirrored ? width - face.x : face.x) - 0.5 - left) / step + 0.5;
    const y = (face.y - 0.5 - top) / step + 0.5;
    const side = face.side / step;
    const along = (middle: number, extent: number) =>
      Math.max(0, Math.min(extent, middle + side / 2) - Math.max(0, middle - side / 2));
    const visible = (along(x, width) * along(y, height)) / (side * side);
    return visible === 0 ? [] : [{ x, y, side, counts: face.counts && (step === 1 || visible >= VISIBLE) }];
  }
}
