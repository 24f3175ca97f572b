// Prints what CI reads last: "N passed, N failed" (and skipped, with the names of what was skipped and why it says so).
import { readFileSync } from "node:fs";

const results = JSON.parse(readFileSync(process.argv[2], "utf8"));
const skipped = results.testResults.flatMap((file) =>
  file.assertionResults.filter((test) => test.status === "pending"),
);
for (const test of skipped) console.log(`skipped: ${test.fullName}`);
const tail = skipped.length === 0 ? "" : `, ${skipped.length} skipped`;
const brokenFiles = results.testResults.filter(
  (file) => file.status === "failed" && file.assertionResults.length === 0,
).length;
console.log(`${results.numPassedTests} passed, ${results.numFailedTests + brokenFiles} failed${tail}`);
