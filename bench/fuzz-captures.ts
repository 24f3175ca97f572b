/**
 * A million damaged segments and FAT images (test/support/fuzz-captures.ts) through everything that reads them: counts, the slowest input, the memory
 * of the whole process. Ends with
 * status 1 when anything but a UserError was thrown, a file appeared where none belongs, or more than 300 MiB were used.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/fuzz-captures.ts [inputs, default 1000000] [seed, default 1]
 */
import { fuzzCaptures } from "../test/support/fuzz-captures.js";
import { Random } from "../test/support/random.js";

const MEMORY_LIMIT = 300;

const [inputs = 1_000_000, seed = 1] = process.argv.slice(2).map(Number);
const begin = performance.now();
const report = await fuzzCaptures(new Random(seed), inputs);
const memory = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(`${report.inputs} damaged inputs, seed ${seed}, ${((performance.now() - begin) / 1000).toFixed(0)} s`);
for (const [kind, count] of Object.entries(report.kinds)) console.log(`  ${kind}: ${count}`);
console.log(`captures read: ${report.captures}, withdrawn: ${report.withdrawn}, problems listed: ${report.problems}`);
console.log(`images refused: ${report.refused}; pulled into a folder: ${report.pulled}`);
console.log(
  `slowest input: ${report.slowestMs.toFixed(1)} ms; most read: ${report.mostRead.toFixed(1)} times its size`,
);
console.log(`anything else: ${report.unexpectedCount}; memory: ${memory} MiB of at most ${MEMORY_LIMIT}`);
for (const text of report.unexpected) console.log(text);
if (report.unexpectedCount > 0 || memory > MEMORY_LIMIT) process.exitCode = 1;
