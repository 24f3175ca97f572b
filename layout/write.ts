/** `npm run layout:update`: writes both sides of the capture log. Read the diff. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { generate, SPECIFICATION } from "./generate.js";
import { SpecificationError } from "./tables.js";

const root = fileURLToPath(new URL("..", import.meta.url));

try {
  const files = generate(readFileSync(`${root}${SPECIFICATION}`, "utf8"));
  for (const [path, text] of Object.entries(files)) writeFileSync(`${root}${path}`, text);
} catch (error) {
  if (!(error instanceof SpecificationError)) throw error;
  console.error(`${SPECIFICATION}, ${error.message}`);
  process.exitCode = 1;
}
