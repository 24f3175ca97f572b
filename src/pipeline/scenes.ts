/** The people that scenes are composed of: those of the project's imports, drawn ones where nothing was imported or there is no project. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { CONFIG_FILE } from "../config/load.js";
import { listImports } from "../data/catalogue.js";
import type { Split } from "../data/types.js";
import { openPeople, type PeopleSpec } from "../scenes/people.js";
import type { People } from "../scenes/types.js";
import { openProject } from "./project.js";

/** Seed of drawn people outside of a project. */
const DRAWN_SEED = 1;

/** What `openPeople` needs, and how to call them. */
export interface ScenePeople {
  readonly spec: PeopleSpec;
  readonly name: string;
}

/** @param heads imports whose crops show whole heads although no box says so */
export async function peopleOf(dir: string, split: Split, heads?: readonly string[]): Promise<ScenePeople> {
  const inProject = (await stat(join(dir, CONFIG_FILE)).catch(() => undefined)) !== undefined;
  if (!inProject) return { spec: { kind: "drawn", seed: DRAWN_SEED, split }, name: "drawn people" };
  const { dataDir, config } = await openProject(dir);
  const names = config.data.imports;
  const there = (await listImports(dataDir)).map(({ summary }) => summary.name);
  if (names.length === 0 && there.length === 0)
    return { spec: { kind: "drawn", seed: config.data.synthetic.seed, split }, name: "drawn people" };
  const spec = { kind: "imports", into: dataDir, names, split, ...(heads && { heads }) } as const;
  return { spec, name: `people of ${(names.length === 0 ? there : names).join(", ")}, ${split}` };
}

/** Opens people for as long as `use` runs. */
export async function withPeople<T>({ spec }: ScenePeople, use: (people: People) => Promise<T>): Promise<T> {
  const people = await openPeople(spec);
  try {
    return await use(people);
  } finally {
    people.close();
  }
}
