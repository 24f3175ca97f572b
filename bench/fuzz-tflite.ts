/**
 * The .tflite reader on a million damaged models (test/support/fuzz-tflite.ts): counts, the slowest input, and the memory the whole process took.
 * Ends with status 1 when anything but a UserError was thrown, or more than 512 MiB were used.
 *
 *     npm run build && node --import ./bench/typescript.mjs bench/fuzz-tflite.ts [inputs, default 1000000] [seed, default 1]
 */
import { fuzzCorpus } from "../test/support/fuzz-corpus.js";
import { fuzzTflite } from "../test/support/fuzz-tflite.js";
import { Random } from "../test/support/random.js";

const MEBIBYTE = 1024 * 1024;
const MEMORY_LIMIT = 512;

const [inputs = 1_000_000, seed = 1] = process.argv.slice(2).map(Number);
const corpus = fuzzCorpus();
const report = fuzzTflite(corpus, new Random(seed), inputs);
const memory = Math.round((process.resourceUsage().maxRSS * 1024) / MEBIBYTE);
console.log(`${report.inputs} damaged models from ${new Set(corpus).size} models, seed ${seed}`);
for (const [kind, count] of Object.entries(report.kinds)) console.log(`  ${kind}: ${count}`);
console.log(
  `read as valid graphs: ${report.accepted} (compiled ${report.compiled}, of which refused ${report.notCompiled})`,
);
console.log(`refused: ${report.refused}`);
console.log(`anything else: ${report.unexpectedCount}`);
console.log(`slowest input: ${report.slowestMs.toFixed(1)} ms; memory: ${memory} MiB of at most ${MEMORY_LIMIT}`);
for (const text of report.unexpected) console.log(text);
if (report.unexpectedCount > 0 || memory > MEMORY_LIMIT) process.exitCode = 1;
