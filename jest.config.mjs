/** Tests are TypeScript, what they test is the built product: `#smilec/...` resolves to dist/ (package.json "imports"). */
const swc = ["@swc/jest", { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "es6" } }];
const common = {
  testEnvironment: "node",
  // "soft", the default, puts a setter that calls itself on what a test file left on `process`: signal-exit's state.
  testEnvironmentOptions: { globalsCleanup: "off" },
  extensionsToTreatAsEsm: [".ts"],
  transform: { "^.+\\.ts$": swc },
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  modulePathIgnorePatterns: ["<rootDir>/.smilec", "<rootDir>/build", "<rootDir>/.cache"],
};

export default {
  maxWorkers: 2,
  // Compilers and training run in tests; a loaded machine must not turn slowness into failure. Jest ignores this inside a project.
  testTimeout: 120_000,
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: ["/test/smiles/"],
    },
    { ...common, displayName: "smiles", testMatch: ["<rootDir>/test/smiles/**/*.test.ts"] },
  ],
};
