/** Both sides of the capture log from docs/capture-log.md: their paths in the repository and their text. */
import { cHeader } from "./c-header.js";
import { readSpecification } from "./specification.js";
import { typescript } from "./typescript.js";

export const SPECIFICATION = "docs/capture-log.md";

/** Path -> text. Throws SpecificationError. */
export function generate(text: string): Readonly<Record<string, string>> {
  const specification = readSpecification(text);
  return {
    "firmware/core/sm_log_layout.h": cHeader(specification),
    "src/captures/layout.ts": typescript(specification),
  };
}
