/** Where tests and benches keep what smilec sets up; apart from environment.ts, as benches run without jest. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The PlatformIO environment that all tests share; CI keeps it between runs. */
export const testSmilecHome = join(dirname(fileURLToPath(import.meta.url)), "../../.cache/smilec-home");
