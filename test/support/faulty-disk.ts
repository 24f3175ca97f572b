/** The preloaded library that makes a folder a full or a read-only disk (test/support/full-disk.c). */
import { join } from "node:path";
import { findCompiler } from "#smilec/build/compiler.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { runOrThrow } from "#smilec/process/run.js";

/** Why there are no such disks here; undefined: there are. */
export const noFaultyDisks: string | undefined =
  process.platform === "linux" ? undefined : `LD_PRELOAD is for Linux, this is ${process.platform}`;

/** Builds it into a folder; its path, for LD_PRELOAD. */
export async function faultyDiskLibrary(folder: string): Promise<string> {
  const library = join(folder, "full-disk.so");
  const source = join(packageRoot, "test/support/full-disk.c");
  const flags = ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"];
  await runOrThrow((await findCompiler()).command, flags, "compiling");
  return library;
}
