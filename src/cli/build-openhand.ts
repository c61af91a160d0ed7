/**
 * npm run build:openhand: makes public/openhand/ from the generic hand of @webxr-input-profiles/assets and draws
 * docs/images/openhand.png. Runs from the repository's root; the same source gives the same bytes.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { encode } from "fast-png";
import { readHandAsset } from "../data/hand/asset";
import { buildOpenHand, encodeHandAsset } from "./openhand/build";
import { drawHandSheet } from "./openhand/picture";

const PACKAGE = "node_modules/@webxr-input-profiles/assets";
const SOURCE = `${PACKAGE}/dist/profiles/generic-hand/right.glb`;

const glb = readFileSync(SOURCE);
const { model, weldedVertices, weldedFaces, simplificationError } = await buildOpenHand(
  new Uint8Array(glb).buffer,
  SOURCE,
);
const bytes = encodeHandAsset(model);
mkdirSync("public/openhand", { recursive: true });
mkdirSync("docs/images", { recursive: true });
writeFileSync("public/openhand/openhand.safetensors", bytes);
writeFileSync("public/openhand/LICENSE", licence(readFileSync(`${PACKAGE}/LICENSE.md`, "utf8")));
const sheet = drawHandSheet(readHandAsset(new Uint8Array(bytes).buffer));
writeFileSync("docs/images/openhand.png", encode({ ...sheet, channels: 3, depth: 8 }));
console.log(
  `OpenHand: ${weldedVertices} welded vertices, ${weldedFaces} faces -> ${model.vertexCount} vertices, ` +
    `${model.faces.length / 3} faces (error ${(100 * simplificationError).toFixed(2)} %), ${bytes.length} bytes`,
);

function licence(source: string): string {
  return [
    "OpenHand (openhand.safetensors) is derived from the mesh, skeleton and skin weights of generic-hand/right.glb in the",
    "npm package @webxr-input-profiles/assets (https://github.com/immersive-web/webxr-input-profiles), by the script",
    "src/cli/build-openhand.ts. Shape directions, pose correctives and the mean pose are made by that script and are under",
    "the licence of this project (MIT). It contains nothing of MANO. The source's licence:",
    "",
    source.trim(),
    "",
  ].join("\n");
}
