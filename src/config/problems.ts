/** Everything that is wrong with a configuration, each problem with its place in the file and a suggestion. */

import { closest, distance } from "fastest-levenshtein";
import { findNodeAtLocation, type Node } from "jsonc-parser";
import type { z } from "zod";

export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** zod's issues in the words of this project; unknown keys get one problem each, with the nearest known key. */
export function problemsOf(error: z.ZodError, known: (path: readonly PropertyKey[]) => readonly string[]): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
    if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({ path: [...path, key], message: `unknown key${suggestion(key, known(path))}` }));
  });
}

/** " (did you mean "x"?)" when a candidate is near enough to be a likely typo. */
export function suggestion(word: string, candidates: readonly string[]): string {
  if (candidates.length === 0) return "";
  const best = closest(word, candidates);
  const near = distance(word.toLowerCase(), best.toLowerCase()) <= Math.max(2, Math.floor(word.length / 3));
  return near ? ` (did you mean ${JSON.stringify(best)}?)` : `; known here: ${candidates.join(", ")}`;
}

/** `file:line:column key.path: message`, one line per problem, in file order. */
export function describeProblems(
  file: string,
  text: string,
  root: Node | undefined,
  problems: readonly Problem[],
): string {
  const placed = problems.map((problem) => ({ problem, offset: offsetOf(root, problem.path) }));
  placed.sort((a, b) => a.offset - b.offset);
  return placed
    .map(({ problem, offset }) => `${file}:${position(text, offset)} ${pathName(problem.path)}: ${problem.message}`)
    .join("\n");
}

/** Offset of the key the path names, or of its nearest ancestor that is in the file. */
function offsetOf(root: Node | undefined, path: readonly (string | number)[]): number {
  if (root === undefined) return 0;
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length));
    if (node !== undefined) return node.parent?.type === "property" ? node.parent.offset : node.offset;
  }
  return root.offset;
}

/** "line:column", both from 1. */
export function position(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return `${line}:${offset - before.lastIndexOf("\n")}`;
}

function pathName(path: readonly (string | number)[]): string {
  const name = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
  return name === "" ? "(whole file)" : name.replace(/^\./, "");
}
