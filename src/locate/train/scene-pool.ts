/** Composed scenes at the size that the detector is trained on. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFile, writeJson } from "../../files/write.js";

const FRAMES_FILE = "scenes.u8";
const SCENES_FILE = "scenes.json";

/** A face in pixels of the reduced frame, by its middle and side; `counts` is false where neither finding nor missing it is a mistake. */
export interface WantedFace {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly counts: boolean;
}

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
    this.pixels = new Uint8Array(width * height * capacity);
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

  /** Writes the scenes to a folder of their own. */
  async save(dir: string): Promise<void> {
    await writeFile(join(dir, FRAMES_FILE), this.pixels.subarray(0, this.count * this.width * this.height));
    await writeJson(join(dir, SCENES_FILE), { width: this.width, height: this.height, scenes: this.scenes });
  }

  /** Reads what `save` wrote. @param spare scenes that it will have room for besides */
  static async load(dir: string, spare = 0): Promise<ScenePool> {
    const text = await readFile(join(dir, SCENES_FILE), "utf8");
    const { width, height, scenes } = JSON.parse(text) as { width: number; height: number; scenes: PooledScene[] };
    const pool = new ScenePool(width, height, scenes.length + spare);
    pool.pixels.set(await readFile(join(dir, FRAMES_FILE)));
    pool.scenes.push(...scenes);
    return pool;
  }
}
