import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { packageRoot } from "#smilec/files/package-root.js";
import { ArtifactStore, type StageRequest } from "#smilec/pipeline/store.js";
import { run } from "#smilec/process/run.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "smilec-store-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

function request(overrides: Partial<StageRequest<{ n: number }>> = {}): StageRequest<{ n: number }> {
  return {
    stage: "count",
    revision: 1,
    options: { a: 1, b: [2] },
    inputs: ["x"],
    produce: async (dir) => {
      await writeFile(join(dir, "out"), "7");
      return { n: 7 };
    },
    ...overrides,
  };
}

describe("artifact store", () => {
  it("produces once and finds the result again", async () => {
    const store = new ArtifactStore(root);
    let runs = 0;
    const counted = request({ produce: async () => ({ n: ++runs }) });
    const first = await store.obtain(counted);
    const second = await new ArtifactStore(root).obtain(counted);
    expect([first.cached, second.cached, second.meta.n, runs]).toEqual([false, true, 1, 1]);
    expect(second.dir).toBe(first.dir);
  });

  it.each([
    ["options", { options: { a: 2, b: [2] } }],
    ["inputs", { inputs: ["y"] }],
    ["revision", { revision: 2 }],
    ["stage", { stage: "other" }],
  ])("depends on %s", (_, change) => {
    const store = new ArtifactStore(root);
    expect(store.key(request(change))).not.toBe(store.key(request()));
  });

  it("does not depend on the order of option keys", () => {
    const store = new ArtifactStore(root);
    expect(store.key(request({ options: { b: [2], a: 1 } }))).toBe(store.key(request()));
  });

  it("keeps nothing of a stage that failed, and runs it again", async () => {
    const store = new ArtifactStore(root);
    const failing = request({
      produce: async (dir) => {
        await writeFile(join(dir, "half"), "written");
        throw new Error("failed in the middle");
      },
    });
    await expect(store.obtain(failing)).rejects.toThrow("failed in the middle");
    expect(await readdir(join(root, "tmp"))).toEqual([]);
    expect((await store.obtain(request())).cached).toBe(false);
  });

  it("never shows a half-written artifact when the process is killed", async () => {
    const script = `
      import { writeFileSync } from "node:fs";
      import { ArtifactStore } from ${JSON.stringify(join(packageRoot, "dist/pipeline/store.js"))};
      await new ArtifactStore(${JSON.stringify(root)}).obtain({ stage: "count", revision: 1, options: { a: 1, b: [2] }, inputs: ["x"],
        produce: async (dir) => { writeFileSync(dir + "/out", "hal"); process.kill(process.pid, "SIGKILL"); await new Promise(() => {}); } });`;
    const result = await run(process.execPath, ["--input-type=module", "-e", script]);
    expect(result.signal).toBe("SIGKILL");
    const store = new ArtifactStore(root);
    expect(await store.find("count", store.key(request()))).toBeUndefined();
    const whole = await store.obtain(request());
    expect(whole.cached).toBe(false);
    expect(await readFile(join(whole.dir, "out"), "utf8")).toBe("7");
  });

  it("reports a full disk as such", async () => {
    const store = new ArtifactStore(root);
    const full = request({
      produce: async () => {
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", path: "/x" });
      },
    });
    await expect(store.obtain(full)).rejects.toMatchObject({ exitCode: 4, message: "the disk is full", where: "/x" });
  });

  it("reports a root that cannot be written", async () => {
    await writeFile(join(root, "file"), "");
    await expect(new ArtifactStore(join(root, "file", "store")).obtain(request())).rejects.toMatchObject({
      code: "ENOTDIR",
    });
  });

  it("sweeps temporary folders of runs that were killed more than a day ago, not those at work", async () => {
    await mkdir(join(root, "tmp", "old"), { recursive: true });
    await mkdir(join(root, "tmp", "new"));
    await utimes(join(root, "tmp", "old"), 0, 0);
    await new ArtifactStore(root).sweep();
    expect(await readdir(join(root, "tmp"))).toEqual(["new"]);
  });
});
