/** Composed scenes at the size that the detector is trained on, in memory that threads share. */
import type { WantedFace } from "./targets.js";

/** A fixture in pixels of the reduced frame. */
export interface PooledFixture {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PooledScene {
  readonly faces: readonly WantedFace[];
  readonly fixtures: readonly PooledFixture[];
}

export class ScenePool {
  readonly scenes: PooledScene[] = [];
  private readonly pixels: Uint8Array;

  /** @param capacity most scenes */
  constructor(
    readonly width: number,
    readonly height: number,
    readonly capacity: number,
  ) {
    this.pixels = new Uint8Array(new SharedArrayBuffer(width * height * capacity));
  }

  get count(): number {
    return this.scenes.length;
  }

  /** Adds a scene; throws RangeError when the pool is full. */
  add(frame: Uint8Array, scene: PooledScene): void {
    if (this.count === this.capacity) throw new RangeError("the pool is full");
    this.frame(this.count).set(frame);
    this.scenes.push(scene);
  }

  /** Grey pixels of scene `index`; a view. */
  frame(index: number): Uint8Array {
    const size = this.width * this.height;
    return this.pixels.subarray(index * size, (index + 1) * size);
  }
}
