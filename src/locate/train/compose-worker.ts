/** Worker thread of compose.ts: composes scenes until none is left. */
import { parentPort, workerData } from "node:worker_threads";
import { sceneAt } from "../../scenes/compose.js";
import { openPeople } from "../../scenes/people.js";
import { type ComposedScene, type ComposeSetup, pooledScene } from "./compose.js";

async function serve(port: NonNullable<typeof parentPort>, setup: ComposeSetup): Promise<void> {
  const { recipe, first, count, width, height } = setup;
  const people = await openPeople(recipe.people);
  const counter = new Int32Array(setup.counter);
  const size = width * height;
  try {
    for (let index = Atomics.add(counter, 0, 1); index < count; index = Atomics.add(counter, 0, 1)) {
      const scene = sceneAt(recipe.seed, first + index, { ...recipe.options, width, height, people });
      new Uint8Array(setup.frames, index * size, size).set(scene.frame.pixels);
      port.postMessage({ index, scene: pooledScene(scene) } satisfies ComposedScene);
    }
  } finally {
    people.close();
  }
}

if (parentPort !== null) await serve(parentPort, workerData as ComposeSetup);
