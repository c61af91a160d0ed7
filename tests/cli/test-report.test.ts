import { expect, it } from "vitest";
import { countReport } from "../../src/cli/test-report";

const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };
const file = (status: string, tests: string[]) => ({
  name: "a.test.ts",
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});

it("counts passed and failed tests", () => {
  expect(countReport({ ...report, numFailedTests: 2, testResults: [file("failed", ["failed"])] }, 1)).toEqual({
    passed: 3,
    failed: 2,
  });
});

it("counts a file that did not load as a failure", () => {
  expect(countReport({ ...report, testResults: [file("failed", [])] }, 1)).toEqual({ passed: 3, failed: 1 });
});

it("counts a bad end without a failed test as a failure", () => {
  expect(countReport(report, 1)).toEqual({ passed: 3, failed: 1 });
  expect(countReport(report, 0)).toEqual({ passed: 3, failed: 0 });
});
