/** The configurations that the shipped models are made from. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { findBoard } from "#smilec/board/boards.js";
import { parseConfig } from "#smilec/config/load.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { networkCost } from "#smilec/pipeline/network-cost.js";
import type { Project } from "#smilec/pipeline/project.js";
import { configuredNetwork } from "#smilec/pipeline/train.js";

describe("shipped models", () => {
  it.each([
    ["smile-48-small", 1e6, 64_000],
    ["smile-48", 2.5e6, 100_000],
    ["smile-48-large", 8e6, 400_000],
  ])("%s keeps to its profile: at most %d multiply-accumulates, %d bytes", (name, macs, bytes) => {
    const path = join(packageRoot, "models", name, "smilec.config.json");
    const config = parseConfig(readFileSync(path, "utf8"), path);
    expect(config.name).toBe(name);
    expect(config.data.imports.length).toBeGreaterThan(0);
    expect(config.train.backend).toBe("wasm");
    const cost = networkCost(configuredNetwork({ config } as Project), config.input, findBoard(config.board));
    expect(cost.macs).toBeLessThanOrEqual(macs);
    expect(cost.macs).toBeGreaterThan(macs / 2);
    expect(cost.modelBytes).toBeLessThanOrEqual(bytes);
  });
});
