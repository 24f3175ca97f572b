import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "@jest/globals";

/** Makes folders that are removed when the test file has ended. Call at the top of a file. */
export function temporaryFolders(): (name?: string) => string {
  const made: string[] = [];
  afterAll(() => {
    for (const folder of made) rmSync(folder, { recursive: true, force: true });
  });
  return (name = "") => {
    const folder = mkdtempSync(join(realpathSync(tmpdir()), `smilec-test-${name}`));
    made.push(folder);
    return folder;
  };
}
