import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { configTable } from "#smilec/config/describe.js";
import { ExitCode } from "#smilec/errors.js";
import { packageRoot } from "#smilec/files/package-root.js";

const README = join(packageRoot, "README.md");
const BLOCK =
  /(<!-- config table: from src\/config\/schema.ts by `npm run golden:update` -->\n)[\s\S]*?(\n<!-- end -->)/;

describe("README", () => {
  it("lists every configuration key as the schema has it", () => {
    const text = readFileSync(README, "utf8");
    const wanted = text.replace(BLOCK, (_, before, after) => `${before}${configTable()}${after}`);
    expect(text).toMatch(BLOCK);
    if (process.env.GOLDEN_UPDATE === "1") writeFileSync(README, wanted);
    else expect(text).toBe(wanted);
  });

  it("documents every exit code", () => {
    const text = readFileSync(README, "utf8");
    for (const code of Object.values(ExitCode)) expect(text).toMatch(new RegExp(`^\\| ${code} \\|`, "m"));
  });

  it("promises the two commands", () => {
    const text = readFileSync(README, "utf8");
    expect(text).toContain("npm ci && npm start");
    expect(text).toContain("npm ci && npm test");
  });
});
