import { describe, expect, it } from "vitest";
import { compileShaders, forgottenShaders, shaderSources } from "./shader-sources";

const sources = await shaderSources();
const verdicts = await compileShaders(sources);

describe("every shader compiles in Chromium", () => {
  it.each(verdicts)("$name", ({ errors }) => {
    expect(errors).toEqual([]);
  });

  it("reports an error, with its line, for a shader that is wrong", async () => {
    const [{ errors }] = await compileShaders([{ name: "wrong", code: "\nfn f() { g(); }" }]);
    expect(errors[0]).toMatch(/^line 2: /);
  });

  it("names the feature that a shader enables and the adapter lacks", async () => {
    const [{ lacks }] = await compileShaders([{ name: "half", code: "enable f16;" }]);
    const adapter = await navigator.gpu.requestAdapter();
    expect(lacks).toBe(adapter?.features.has("shader-f16") ? undefined : "shader-f16");
  });
});

it("compiles every file in shaders/", () => {
  expect(forgottenShaders(sources)).toEqual([]);
});

it("notices a file that no op reads", () => {
  expect(forgottenShaders([])).not.toEqual([]);
});
