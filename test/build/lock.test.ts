import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { withLock } from "#smilec/build/lock.js";
import { EnvironmentError, InterruptedError } from "#smilec/errors.js";
import { run } from "#smilec/process/run.js";
import { errorOf } from "../support/environment.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const temporaryFolder = temporaryFolders();

describe("the lock between processes", () => {
  it("lets one work at a time and says that it waits", async () => {
    const path = join(temporaryFolder(), "sub", "x.lock");
    const events: string[] = [];
    const work = (name: string) => async () => {
      events.push(`${name} in`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      events.push(`${name} out`);
    };
    await Promise.all(
      ["a", "b", "c"].map((name) => withLock(path, work(name), { onWait: () => events.push("waits") })),
    );
    const turns = events.filter((event) => event !== "waits");
    expect(turns.length).toBe(6);
    for (let i = 0; i < 6; i += 2) expect(turns[i + 1]).toBe(turns[i].replace("in", "out"));
    expect(events.filter((event) => event === "waits").length).toBe(2);
    expect(existsSync(path)).toBe(false);
  });

  it("is released when the work fails", async () => {
    const path = join(temporaryFolder(), "x.lock");
    await expect(withLock(path, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(existsSync(path)).toBe(false);
  });

  it("is taken over from a process that died, or that died before it wrote its name", async () => {
    const path = join(temporaryFolder(), "x.lock");
    const dead = (await run("/bin/sh", ["-c", "echo $$"])).stdout.trim();
    for (const contents of [`${dead} ${hostname()}\n`, ""]) {
      writeFileSync(path, contents);
      expect(await withLock(path, async () => readFileSync(path, "utf8"))).toBe(`${process.pid} ${hostname()}\n`);
    }
  });

  it("respects a living holder and one on another machine, until the time is up", async () => {
    const path = join(temporaryFolder(), "x.lock");
    for (const contents of [`${process.pid} ${hostname()}\n`, "1 another-machine\n"]) {
      writeFileSync(path, contents);
      const error = (await errorOf(withLock(path, async () => 1, { timeoutMs: 400 }))) as EnvironmentError;
      expect(error).toBeInstanceOf(EnvironmentError);
      expect(error.where).toBe(path);
      expect(readFileSync(path, "utf8")).toBe(contents);
    }
  });

  it("gives up on an abort", async () => {
    const path = join(temporaryFolder(), "x.lock");
    writeFileSync(path, `${process.pid} ${hostname()}\n`);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const error = await errorOf(withLock(path, async () => 1, { signal: controller.signal }));
    expect(error).toBeInstanceOf(InterruptedError);
  });

  it("reports a folder that can't be written", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    mkdirSync(join(folder, "x.lock"));
    await expect(withLock(join(folder, "file", "x.lock"), async () => 1)).rejects.toThrow();
  });
});
