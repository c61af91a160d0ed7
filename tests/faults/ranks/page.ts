/** The campaign's page: hands what the driver asks for to a worker, which supervises the ranks as the app's does. */
import "../../../src/security/own-scripts";
import { wrap } from "comlink";
import { nursed } from "../../../src/ranks/nursed";
import type { Ward } from "./run-worker";

const ward = wrap<Ward>(
  nursed(new Worker(new URL("./run-worker.ts", import.meta.url), { type: "module", name: "supervisor" })),
);

Object.assign(globalThis, {
  run: (name: keyof Ward, argument: never) => (ward[name] as (argument: never) => unknown)(argument),
});
