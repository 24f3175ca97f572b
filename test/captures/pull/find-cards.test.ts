import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { chooseCard } from "#smilec/captures/pull/choose-card.js";
import { findCards, mountRoots } from "#smilec/captures/pull/find-cards.js";
import { temporaryFolders } from "../../support/temporary-folder.js";

const temporary = temporaryFolders();

function put(folder: string, name: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), "");
  return folder;
}

describe("finding the card", () => {
  it("looks where the system mounts, as deep as it mounts", async () => {
    const root = temporary();
    const card = put(join(root, "anna", "NO NAME"), "SEG00001.TAR");
    const lower = put(join(root, "bert"), "seg00042.tar");
    put(join(root, "anna", "STICK"), "SEG1.TAR");
    put(join(root, "anna", "deep", "er"), "SEG00001.TAR");
    expect(await findCards([{ path: root, depth: 2 }])).toEqual([card, lower].sort());
    expect(await findCards([{ path: root, depth: 1 }])).toEqual([lower]);
    expect(await findCards([{ path: join(root, "nothing"), depth: 2 }])).toEqual([]);
  });

  it("knows each system's places", () => {
    expect(mountRoots("linux").map(({ path }) => path)).toEqual(["/media", "/run/media", "/mnt"]);
    expect(mountRoots("darwin")).toEqual([{ path: "/Volumes", depth: 1 }]);
    expect(mountRoots("win32")).toContainEqual({ path: "E:\\", depth: 0 });
  });

  it("takes the only card, asks among several, and says what to do where it cannot", async () => {
    const find = (...cards: string[]) => ({ find: async () => cards });
    expect(await chooseCard(find("/media/a"))).toBe("/media/a");
    expect(await chooseCard({ ...find("/media/a", "/media/b"), ask: async ([, second]) => second })).toBe("/media/b");
    await expect(chooseCard(find("/media/a", "/media/b"))).rejects.toMatchObject({
      exitCode: 2,
      detail: "/media/a\n/media/b",
      remedy: "Choose one: --from /media/a",
    });
    await expect(chooseCard(find())).rejects.toMatchObject({ exitCode: 2, remedy: /--from.*--image/s });
  });
});
