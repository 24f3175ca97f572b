/** `smilec data compose`: camera frames with faces and face-like things, and where they are. */
import { join } from "node:path";
import type { Split } from "../data/types.js";
import { peopleOf, withPeople } from "../pipeline/scenes.js";
import { writeScenes } from "../scenes/write-folder.js";
import type { CommandContext } from "./context.js";
import { frameSize, wholeNumber } from "./numbers.js";
import { thousands } from "./table.js";

export interface DataComposeOptions {
  readonly count: string;
  readonly out: string;
  readonly size: string;
  readonly seed: string;
  readonly split: "train" | "validation" | "test";
  readonly heads?: string;
}

const MOST_SCENES = 1_000_000;
const LARGEST_SEED = 0xffff_ffff;

export async function dataComposeCommand(context: CommandContext, options: DataComposeOptions): Promise<void> {
  const count = wholeNumber(options.count, "--count", 1, MOST_SCENES);
  const seed = wholeNumber(options.seed, "--seed", 0, LARGEST_SEED);
  const { width, height } = frameSize(options.size);
  const split: Split = options.split === "validation" ? "val" : options.split;
  const from = await peopleOf(
    context.project,
    split,
    options.heads?.split(",").map((name) => name.trim()),
  );
  context.reporter.stage("compose", `${thousands(count)} scenes of ${width}x${height} with ${from.name}`);
  const folder = await withPeople(from, (people) =>
    writeScenes({ count, seed, options: { width, height, people }, out: options.out, context }),
  );
  const { faces, doubtful, nobody, fixtures } = folder;
  context.result({ ...folder, width, height, seed, split: options.split, people: from.name }, () =>
    [
      `${options.out}: ${thousands(count)} scenes of ${width}x${height}; look at ${join(options.out, "contact-sheet.png")}`,
      `${thousands(faces)} faces, ${thousands(doubtful)} more that are mostly hidden; nobody in ${thousands(nobody)} scenes`,
      `fixtures: ${Object.entries(fixtures)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([kind, number]) => `${kind} ${thousands(number)}`)
        .join(", ")}`,
    ].join("\n"),
  );
}
