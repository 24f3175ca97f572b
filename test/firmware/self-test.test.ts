import { expect, it } from "@jest/globals";
import { compileUnit } from "../support/core-unit.js";

const ERR_MEMORY = -13;

it("the memory test passes good memory of any size, and finds an address line that does nothing", async () => {
  const program = await compileUnit("memory_driver.c", ["sm_self_test.c"]);
  try {
    expect((await program.run([])).trim()).toBe(`0 0 0 ${ERR_MEMORY}`);
  } finally {
    await program.dispose();
  }
}, 60_000);
