/** Imports argv[2] into argv[3]; the test that starts it kills it on the way. Says "started" when the first pictures are decoded. */
import { importPictures } from "#smilec/data/import.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";

const [, , from, into] = process.argv;
let said = false;
const progress = () => ({
  update: () => {
    if (!said) process.stdout.write("started\n");
    said = true;
  },
  end: () => undefined,
});
await importPictures({
  from,
  into,
  name: "set",
  replace: true,
  context: { reporter: { ...silentReporter, progress }, signal: new AbortController().signal },
});
process.stdout.write("finished\n");
