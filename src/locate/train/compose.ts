/** Scenes for training, composed on worker threads. Scene i of a seed is the same whatever the threads. */
import { Worker } from "node:worker_threads";
import type { Box } from "../../data/types.js";
import { InterruptedError } from "../../errors.js";
import type { StageContext } from "../../pipeline/reporter.js";
import type { PeopleSpec } from "../../scenes/people.js";
import type { Scene, SceneOptions } from "../../scenes/types.js";
import type { PooledScene, ScenePool, WantedFace } from "./scene-pool.js";

/** What all scenes of a pool share. */
export interface SceneRecipe {
  readonly people: PeopleSpec;
  readonly seed: number;
  readonly options: Omit<SceneOptions, "width" | "height" | "people">;
}

/** Scenes [first, first + count) of a recipe. */
export interface ComposeRequest {
  readonly recipe: SceneRecipe;
  readonly first: number;
  readonly count: number;
  readonly threads: number;
  readonly context: StageContext;
}

export interface ComposeSetup extends Omit<ComposeRequest, "context" | "threads"> {
  readonly width: number;
  readonly height: number;
  /** [count, height, width] */
  readonly frames: SharedArrayBuffer;
  /** One int32: the next scene to be taken. */
  readonly counter: SharedArrayBuffer;
}

/** A scene that is done, by its number from `first`. */
export interface ComposedScene {
  readonly index: number;
  readonly scene: PooledScene;
}

/** Composes scenes of the pool's size and calls `use` with each, in order. Throws InterruptedError when aborted. */
export async function composeScenes(
  request: ComposeRequest,
  { width, height }: Pick<ScenePool, "width" | "height">,
  use: (frame: Uint8Array, scene: PooledScene) => void,
): Promise<void> {
  const { recipe, first, count, threads, context } = request;
  const frames = new SharedArrayBuffer(width * height * count);
  const counter = new SharedArrayBuffer(4);
  const setup: ComposeSetup = { recipe, first, count, width, height, frames, counter };
  const scenes: PooledScene[] = new Array(count);
  const display = context.reporter.progress("compose", count, "scenes");
  const abort = () => Atomics.store(new Int32Array(counter), 0, count);
  context.signal.addEventListener("abort", abort);
  try {
    let done = 0;
    const take = ({ index, scene }: ComposedScene) => {
      scenes[index] = scene;
      display.update(++done);
    };
    await Promise.all(Array.from({ length: threads }, () => runWorker(setup, take)));
  } finally {
    context.signal.removeEventListener("abort", abort);
    display.end();
  }
  if (context.signal.aborted) throw new InterruptedError();
  const size = width * height;
  scenes.forEach((scene, i) => {
    use(new Uint8Array(frames, i * size, size), scene);
  });
}

function runWorker(setup: ComposeSetup, take: (composed: ComposedScene) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./compose-worker.js", import.meta.url), { workerData: setup });
    worker.on("message", take);
    worker.on("error", reject);
    worker.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`a composing thread ended with ${code}`))));
  });
}

/** What training wants to know of a scene. */
export function pooledScene({ faces, doubtful, fixtures }: Scene): PooledScene {
  return {
    faces: [...faces.map(({ whole }) => wanted(whole, true)), ...doubtful.map(({ whole }) => wanted(whole, false))],
    fixtures: fixtures.map(({ box }) => box),
  };
}

function wanted({ x, y, width: side }: Box, counts: boolean): WantedFace {
  return { x: x + side / 2, y: y + side / 2, side, counts };
}
