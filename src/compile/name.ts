/** The library's name: prefix of its C names, and of its files and build targets, which reserve more words than C does. */
import { isCIdentifier } from "../emit/c/escape.js";
import { UserError } from "../errors.js";

const FALLBACK = "model";
const LONGEST = 40;

/** `<name>.h` would hide these headers of C, C++, POSIX or ESP-IDF from everything that is built with the library. */
const HEADERS =
  "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbool stddef stdint stdio " +
  "stdlib stdnoreturn string tgmath threads time uchar wchar wctype alloca dirent dlfcn endian fcntl features getopt glob grp malloc memory netdb " +
  "poll pthread pwd regex sched search semaphore spawn strings syslog termios unistd utime wait sdkconfig arduino freertos";
/** Names CMake keeps for itself as targets, and folders of the library. */
const TARGETS = "all clean depend edit_cache help install list_install_components package rebuild_cache test example";
/** `<NAME>_OK` and the like are names of ESP-IDF, lwIP and FatFs. */
const PREFIXES = "esp err fr";

const RESERVED = new Map<string, string>([
  ...HEADERS.split(" ").map((name) => [name, `${name}.h is a header of the system`] as const),
  ...TARGETS.split(" ").map((name) => [name, "CMake keeps this name for itself"] as const),
  ...PREFIXES.split(" ").map(
    (name) => [name, `names such as ${name.toUpperCase()}_OK belong to the firmware's libraries`] as const,
  ),
]);

/** A name asked for, in lower case. Throws UserError with a suggestion when it cannot be one. */
export function checkedName(name: string): string {
  const reason = objection(name.toLowerCase());
  if (reason === undefined) return name.toLowerCase();
  throw new UserError(`${JSON.stringify(name)} cannot be the library's name: ${reason}`, {
    remedy: `Use --name ${suggestedName(name)}.`,
  });
}

/** The name a file gives its library: what C cannot use becomes an underscore. */
export function suggestedName(fileName: string): string {
  const words = fileName
    .replace(/\.tflite$/i, "")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^(smk_|[_0-9])+|_+$/g, "")
    .slice(0, LONGEST);
  if (words === "") return FALLBACK;
  return objection(words) === undefined ? words : `${words}_${FALLBACK}`;
}

function objection(name: string): string | undefined {
  if (!isCIdentifier(name)) return "it takes letters, digits and underscores, a letter first, at most 63 of them";
  if (name.startsWith("smk_")) return "smk_ begins the names of smilec's kernels";
  return RESERVED.get(name);
}
