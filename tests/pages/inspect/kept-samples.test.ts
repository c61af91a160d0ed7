import { expect, it } from "vitest";
import { KeptSamples } from "../../../src/pages/inspect/kept-samples";
import type { KeptPlace } from "../../../src/train/inspect/types";

it("samples that cannot be listed are told, and none is shown as kept", async () => {
  const told: string[] = [];
  let answer: () => Promise<KeptPlace[]> = async () => [{ split: "val", index: 3 }];
  const rank = { keptLooks: () => answer(), keepLook: async () => undefined, dropLook: async () => undefined };
  const kept = new KeptSamples(rank, (sentence) => told.push(sentence));
  await kept.find("first");
  expect(kept.placesOf("first", "val")).toEqual([3]);
  expect(told).toEqual([]);
  answer = () => Promise.reject(new Error("the storage is closed"));
  await kept.find("first");
  expect(kept.placesOf("first", "val")).toEqual([]);
  expect(told).toEqual([
    'The kept samples of "first" could not be listed, so none has its star: the storage is closed',
  ]);
});
