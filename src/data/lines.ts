/** Reading text files line by line. */
import { createReadStream } from "node:fs";
import { UserError } from "../errors.js";

/** Longest line that is read, in characters. */
export const MAX_LINE = 65_536;

export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
}

/** The lines of a UTF-8 file, without line ends and byte order mark. Throws UserError for a line that is too long. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  let rest = "";
  let number = 0;
  const checked = (text: string): Line => {
    number++;
    if (text.length > MAX_LINE) {
      const where = `${path}:${number}`;
      throw new UserError("the line is too long", { where, remedy: "Check that this is a text file." });
    }
    const first = number === 1 ? text.replace(/^\ufeff/, "") : text;
    return { text: first.endsWith("\r") ? first.slice(0, -1) : first, number };
  };
  for await (const chunk of createReadStream(path, { encoding: "utf8" })) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) yield checked(part);
    if (rest.length > MAX_LINE) checked(rest);
  }
  if (rest !== "") yield checked(rest);
}
