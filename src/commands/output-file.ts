import { resolve } from "node:path";
import { UserError } from "../errors.js";
import { writeFileIfChanged } from "../files/write.js";

/** Writes a file that the user named. Throws UserError where a folder, or no folder, is in the way. */
export async function writeOutput(
  file: string,
  contents: string | Buffer,
  remedy = "Give the path of a file.",
): Promise<void> {
  try {
    await writeFileIfChanged(resolve(file), contents);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EISDIR" && code !== "ENOTDIR" && code !== "EEXIST") throw error;
    throw new UserError("a file cannot be written here", { where: file, remedy });
  }
}
