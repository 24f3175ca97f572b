/**
 * Speed of composed scenes on one core: scenes a second of CPU time at the sizes locators are trained and measured on, and by how many faces are in
 * them. CPU time, the best of several rounds, so that a busy machine changes little; one that shares its caches and its cores' halves still does.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/scenes.ts [rounds, default 5] [project with imports, default: drawn people]
 */
import { textTable } from "#smilec/commands/table.js";
import { peopleOf, withPeople } from "#smilec/pipeline/scenes.js";
import { sceneAt } from "#smilec/scenes/compose.js";
import type { SceneOptions } from "#smilec/scenes/types.js";

const ROUNDS = Number(process.argv[2] ?? 5);
const PROJECT = process.argv[3] ?? "/nowhere";
const SCENES = 200;

/** Microseconds of CPU a scene, the least of all rounds. */
function cost(options: SceneOptions): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let index = 0; index < SCENES; index++) sceneAt(1, index, options);
    const { user, system } = process.cpuUsage(before);
    // The first round compiles.
    if (round > 0) best = Math.min(best, (user + system) / SCENES);
  }
  return best;
}

await withPeople(await peopleOf(PROJECT, "train"), async (people) => {
  const rows = [
    [96, 72],
    [160, 120],
    [320, 240],
  ].flatMap(([width, height]) =>
    [
      { name: "as they come", faces: undefined },
      { name: "nobody", faces: [1] },
      { name: "one face", faces: [0, 1] },
    ].map(({ name, faces }) => {
      const microseconds = cost({ width, height, people, ...(faces && { faces }) });
      return [`${width}x${height}`, name, Math.round(microseconds), Math.round(1e6 / microseconds)];
    }),
  );
  console.log(textTable(["frame", "faces", "us a scene", "scenes/s"], rows));
});
