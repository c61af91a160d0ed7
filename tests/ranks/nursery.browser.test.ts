import { wrap } from "comlink";
import { expect, test } from "vitest";
import { nurse } from "../../src/ranks/nursery";
import type { NursedParent } from "../browser/nursed-parent";

test("a page makes workers for a worker, tells it of their failure and ends them with it", async () => {
  const made: Worker[] = [];
  const ended: Worker[] = [];
  const child = (name: string): Worker => {
    const worker = new Worker(new URL("../browser/nursed-child.ts", import.meta.url), { type: "module", name });
    const terminate = worker.terminate.bind(worker);
    worker.terminate = () => {
      ended.push(worker);
      terminate();
    };
    made.push(worker);
    return worker;
  };
  const worker = new Worker(new URL("../browser/nursed-parent.ts", import.meta.url), { type: "module" });
  const parent = wrap<NursedParent>(nurse(worker, { child }));
  const shared = new Int32Array(new SharedArrayBuffer(4)).fill(21);
  expect(await parent.start("child", shared)).toBe("doubled by child");
  expect(shared[0]).toBe(42);
  expect(await parent.fail()).toContain("it broke");
  await parent.end();
  await expect.poll(() => ended).toEqual(made);
  await parent.start("child", shared);
  worker.terminate();
  expect(ended).toEqual([made[0], made[1]]);
});
