/** What a board will spend, told without building: the face detector counts, as it does when the firmware is built. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { costsOnBoard } from "#smilec/pipeline/firmware.js";
import { readModel, SHIPPED_MODEL } from "#smilec/pipeline/model.js";
import { openProject } from "#smilec/pipeline/project.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();

async function costs(kind: string) {
  const dir = folder("costs-");
  writeFileSync(join(dir, "smilec.config.json"), JSON.stringify({ locator: { kind } }));
  return (await costsOnBoard(await openProject(dir), await readModel(SHIPPED_MODEL, "shipped"))).costs;
}

describe("a board's costs", () => {
  it.each(["classic", "neural"])("hold the %s face detector's memory and time", async (kind) => {
    const [without, with_] = [await costs("center"), await costs(kind)];
    const memory = with_.memory.find((one) => one.memory === "RAM")!;
    expect(memory.figures.find(({ what }) => what === "face detector")?.bytes).toBeGreaterThan(40_000);
    expect(with_.press.parts.find(({ what }) => what === "the face is looked for")?.ms).toBeGreaterThan(40);
    expect(with_.press.ms).toBeGreaterThan(without.press.ms + 40);
    expect(without.press.parts.some(({ what }) => what === "the face is looked for")).toBe(false);
  });
});
