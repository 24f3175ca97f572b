/** Generated models whose arena is filled with random bytes before a run and has guards behind it, for where no sanitizer watches. */
import type { EmittedC } from "#smilec/emit/c/model.js";

const GUARDS = 64;

/**
 * The files of a model with two functions more: `<prefix>_poison(seed)` fills the arena and the guards behind it, `<prefix>_intact(seed)` is 0 when a
 * guard has changed since.
 */
export function watchedArena({ files, arenaBytes }: EmittedC, prefix: string): Record<string, string> {
  const [upper, source] = [prefix.toUpperCase(), files[`${prefix}.c`]];
  const size = `${upper}_ARENA_BYTES`;
  const guarded = source.replace(`${prefix}_arena[${size}]`, `${prefix}_arena[${size} + ${GUARDS}]`);
  if (arenaBytes > 0 && guarded === source) throw new Error(`${prefix}.c declares its arena in another way`);
  const body = arenaBytes === 0 ? emptyBody(prefix) : watchingBody(prefix, size);
  return { ...files, [`${prefix}.c`]: guarded + body };
}

/** Declarations of both. */
export function watchedArenaHeader(prefix: string): string {
  return `void ${prefix}_poison(uint32_t seed);\nint ${prefix}_intact(uint32_t seed);\n`;
}

function emptyBody(prefix: string): string {
  return `
${watchedArenaHeader(prefix)}
void ${prefix}_poison(uint32_t seed)
{
    (void)seed;
}

int ${prefix}_intact(uint32_t seed)
{
    (void)seed;
    return 1;
}
`;
}

function watchingBody(prefix: string, size: string): string {
  return `
${watchedArenaHeader(prefix)}
static uint32_t ${prefix}_next(uint32_t seed)
{
    return seed * UINT32_C(1664525) + UINT32_C(1013904223);
}

void ${prefix}_poison(uint32_t seed)
{
    for (int i = 0; i < ${size} + ${GUARDS}; i++) {
        seed = ${prefix}_next(seed);
        ${prefix}_arena[i] = (int8_t)((int32_t)(seed >> 24) - 128);
    }
}

int ${prefix}_intact(uint32_t seed)
{
    int intact = 1;

    for (int i = 0; i < ${size} + ${GUARDS}; i++) {
        seed = ${prefix}_next(seed);
        intact &= i < ${size} || ${prefix}_arena[i] == (int8_t)((int32_t)(seed >> 24) - 128);
    }
    return intact;
}
`;
}
