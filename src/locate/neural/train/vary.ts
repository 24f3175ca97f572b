/**
 * Training-time variation of a reduced frame: mirror, zoom and shift, light across the frame, tone, blur and noise. Composed scenes bring optics and
 * light of their own; this makes more of each, so that composing is not what training waits for.
 */
import type { Rng } from "../../../train/rng.js";
import type { PooledScene, WantedFace } from "../../train/scene-pool.js";

/** Looked up once: it is called for every pixel. */
const { fround } = Math;

/** Length of the table of normal numbers that noise is read from. */
const NORMALS = 1 << 16;

/** A face with less of its square in the frame does not count. */
const VISIBLE = 0.6;

export interface VariedFrame {
  readonly pixels: Uint8Array;
  readonly faces: readonly WantedFace[];
  /** Mean and standard deviation of the whole frame after its tone, grey levels. */
  readonly mean: number;
  readonly deviation: number;
}

/** Output pixel (x, y) shows source (left + x * step, top + y * step), mirrored first. */
interface View {
  readonly mirrored: boolean;
  readonly step: number;
  readonly left: number;
  readonly top: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Sides that a face gets in a crop, pixels, and source pixels of a crop's pixel: as far as both are possible, log-uniform. */
const CROPPED_SIDES = [10, 80] as const;
const LEAST_STEP = 0.55;

/** One per thread; the frame it returns is overwritten by the next call. */
export class FrameVariation {
  private readonly light: Float32Array;
  private readonly blurred: Float32Array;
  private readonly pixels: Uint8Array;
  private readonly normals: Float32Array;
  private readonly table = new Float32Array(256);

  /**
   * @param source size of the frames
   * @param out size of what is shown of them: the same, or a smaller square
   */
  constructor(
    private readonly source: Size,
    private readonly out: Size,
    normals: Rng,
  ) {
    this.light = new Float32Array(out.width * out.height);
    this.blurred = new Float32Array(out.width * out.height);
    this.pixels = new Uint8Array(out.width * out.height);
    this.normals = Float32Array.from({ length: NORMALS }, () => normals.normal());
  }

  /** The whole frame, or nearly. Faces are in pixels of the frame. */
  vary(source: Uint8Array, scene: PooledScene, rng: Rng): VariedFrame {
    return this.show(source, scene, this.drawView(rng), rng);
  }

  /** A part of the frame around a face, a fixture or nothing. */
  crop(source: Uint8Array, scene: PooledScene, rng: Rng): VariedFrame {
    return this.show(source, scene, this.drawCrop(scene, rng), rng);
  }

  private show(source: Uint8Array, { faces }: PooledScene, view: View, rng: Rng): VariedFrame {
    this.drawTable(rng);
    this.look(source, view);
    if (rng.uniform() < 0.3) this.slant(rng);
    if (rng.uniform() < 0.12) this.blur();
    this.develop(rng);
    return { pixels: this.pixels, faces: faces.flatMap((face) => this.seen(face, view)), ...this.statistics(source) };
  }

  private drawView(rng: Rng): View {
    const { width, height } = this.source;
    const mirrored = rng.uniform() < 0.5;
    if (rng.uniform() < 0.4) return { mirrored, step: 1, left: 0, top: 0 };
    const step = Math.exp(rng.between(-0.3, 0.15));
    const shift = (extent: number) => (extent * (1 - step)) / 2 + 0.12 * extent * rng.between(-1, 1);
    return { mirrored, step, left: shift(width), top: shift(height) };
  }

  private drawCrop(scene: PooledScene, rng: Rng): View {
    const { source, out } = this;
    const mirrored = rng.uniform() < 0.5;
    const most = Math.min(source.width / out.width, source.height / out.height);
    const { x, y, side } = this.anchor(scene, rng);
    const [smallest, largest] = CROPPED_SIDES.map(Math.log);
    const wanted = side === 0 ? Math.exp(rng.between(-0.4, 0.3)) : side / Math.exp(rng.between(smallest, largest));
    const step = Math.max(LEAST_STEP, Math.min(most, wanted));
    const start = (middle: number, from: number, to: number) =>
      Math.max(0, Math.min(from - to * step, middle - step * to * rng.between(0.15, 0.85)));
    const middle = mirrored ? source.width - x : x;
    return { mirrored, step, left: start(middle, source.width, out.width), top: start(y, source.height, out.height) };
  }

  /** What a crop is about; a side of 0: it may have any scale. */
  private anchor({ faces, fixtures }: PooledScene, rng: Rng): { x: number; y: number; side: number } {
    const { width, height } = this.source;
    const chance = rng.uniform();
    const counting = faces.filter((face) => face.counts);
    if (chance < 0.65 && counting.length > 0) return counting[rng.below(counting.length)];
    const inside = (value: number, extent: number) => Math.max(0, Math.min(extent, value));
    if (chance < 0.92 && fixtures.length > 0) {
      const box = fixtures[rng.below(fixtures.length)];
      return { x: inside(box.x + box.width / 2, width), y: inside(box.y + box.height / 2, height), side: 0 };
    }
    return { x: rng.between(0, width), y: rng.between(0, height), side: 0 };
  }

  /** Gamma, contrast and brightness as a table over the grey values. */
  private drawTable(rng: Rng): void {
    const gamma = rng.uniform() < 0.5 ? 1 : Math.exp(rng.between(-0.5, 0.5));
    const contrast = Math.exp(rng.between(-0.5, 0.4));
    const brightness = rng.between(-25, 25);
    for (let grey = 0; grey < 256; grey++) {
      this.table[grey] = 128 + contrast * (255 * (grey / 255) ** gamma - 128) + brightness;
    }
  }

  /** Bilinear; beyond the border the border's pixels go on. */
  private look(source: Uint8Array, view: View): void {
    const { light, table, out } = this;
    const { width, height } = this.source;
    const { mirrored, step, left, top } = view;
    const next = mirrored ? -1 : 1;
    for (let y = 0, to = 0; y < out.height; y++) {
      const v = between(top + y * step, height - 1.001);
      const row = v | 0;
      const down = v - row;
      for (let x = 0; x < out.width; x++, to++) {
        const u = between(left + x * step, width - 1.001);
        const column = u | 0;
        const right = u - column;
        const from = row * width + (mirrored ? width - 1 - column : column);
        const upper = source[from] + right * (source[from + next] - source[from]);
        const below = from + width;
        const lower = source[below] + right * (source[below + next] - source[below]);
        light[to] = table[(fround(upper + down * (lower - upper)) + 0.5) | 0];
      }
    }
  }

  private slant(rng: Rng): void {
    const { light } = this;
    const { width, height } = this.out;
    const along = rng.between(-0.5, 0.5);
    const down = rng.between(-0.5, 0.5);
    for (let y = 0, i = 0; y < height; y++) {
      const level = 1 + down * (y / height - 0.5) - along / 2;
      for (let x = 0; x < width; x++, i++) light[i] *= level + (along * x) / width;
    }
  }

  /** The mean with the four neighbours. */
  private blur(): void {
    const { light, blurred } = this;
    const { width } = this.out;
    blurred.set(light);
    for (let i = width + 1; i < light.length - width - 1; i++) {
      const around = blurred[i - 1] + blurred[i + 1] + blurred[i - width] + blurred[i + width];
      light[i] = 0.36 * blurred[i] + 0.16 * around;
    }
  }

  private develop(rng: Rng): void {
    const { light, pixels, normals } = this;
    const { width } = this.out;
    const noise = rng.uniform() < 0.4 ? 0 : Math.exp(rng.between(-0.5, 1.6));
    let entry = 0;
    for (let i = 0; i < light.length; i++) {
      if (i % width === 0) entry = rng.below(NORMALS - width);
      const value = light[i] + noise * normals[entry++];
      pixels[i] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
    }
  }

  private statistics(source: Uint8Array): { mean: number; deviation: number } {
    const { table } = this;
    let [sum, squares] = [0, 0];
    for (let i = 0; i < source.length; i++) {
      const grey = between(table[source[i]], 255);
      sum += grey;
      squares += grey * grey;
    }
    const mean = sum / source.length;
    return { mean, deviation: Math.sqrt(Math.max(0, squares / source.length - mean * mean)) };
  }

  /** Where the view shows a face; one that it cuts too much no longer counts. */
  private seen(face: WantedFace, { mirrored, step, left, top }: View): WantedFace[] {
    const { width, height } = this.out;
    // Pixel centres lie at halves.
    const x = ((mirrored ? this.source.width - face.x : face.x) - 0.5 - left) / step + 0.5;
    const y = (face.y - 0.5 - top) / step + 0.5;
    const side = face.side / step;
    const along = (middle: number, extent: number) =>
      Math.max(0, Math.min(extent, middle + side / 2) - Math.max(0, middle - side / 2));
    const visible = (along(x, width) * along(y, height)) / (side * side);
    return visible === 0 ? [] : [{ x, y, side, counts: face.counts && (step === 1 || visible >= VISIBLE) }];
  }
}

/** Clamps to 0 ... most. */
function between(value: number, most: number): number {
  return value < 0 ? 0 : value > most ? most : value;
}
