import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach } from "@jest/globals";
import { ToolError } from "#smilec/errors.js";
import { run } from "#smilec/process/run.js";

/** Sets environment variables for one test; undefined takes one out. Call at the top of a file. */
export function changesEnvironment(): (changes: Readonly<Record<string, string | undefined>>) => void {
  let saved: Record<string, string | undefined> = {};
  const put = (values: Readonly<Record<string, string | undefined>>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  afterEach(() => {
    put(saved);
    saved = {};
  });
  return (changes) => {
    for (const name of Object.keys(changes)) if (!(name in saved)) saved[name] = process.env[name];
    put(changes);
  };
}

/** Fills `folder` so that it can stand in for PATH: links to real programs, and scripts under chosen names. */
export async function fillPath(
  folder: string,
  contents: { readonly programs?: readonly string[]; readonly scripts?: Readonly<Record<string, string>> },
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  for (const program of contents.programs ?? []) {
    const { stdout, exitCode } = await run("/bin/sh", ["-c", `command -v ${program}`]);
    if (exitCode !== 0) throw new ToolError(`the test needs ${program}`);
    symlinkSync(stdout.trim(), join(folder, program));
  }
  for (const [name, script] of Object.entries(contents.scripts ?? {})) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

/** The error that `work` throws; fails when it throws none. */
export async function errorOf(work: Promise<unknown> | (() => Promise<unknown>)): Promise<unknown> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    return error;
  }
  throw new Error("expected an error, but nothing was thrown");
}
