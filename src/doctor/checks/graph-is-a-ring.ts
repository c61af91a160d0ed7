import { type ModelCheck, percent } from "./model-check";

/**
 * The edges that the graph convolutions work on are not those of the hand's faces. A triangle mesh with one boundary has
 * V + F - 1 of them, 2315 for MANO (Euler); the set must be the same, edge by edge. Source: catalogue D33.
 */
export const graphIsARing: ModelCheck = ({ graph }) => {
  if (!graph || (graph.edges === graph.meshEdges && graph.shared === graph.meshEdges)) return undefined;
  const { vertices, edges, meshEdges, shared, selfLoops } = graph;
  const isRing = edges === 2 * vertices;
  return {
    id: "graph-is-a-ring",
    severity: "serious",
    certainty: "certain",
    title: isRing ? "The mesh's graph is a ring of vertex numbers" : "The mesh's graph is not that of the hand",
    sentence: `The refinement's graph has ${edges} edges${isRing ? ", two for each vertex as in a ring" : ""}, the hand's faces have ${meshEdges}, of which it holds ${percent(shared / meshEdges)}: features spread along vertex numbers instead of the surface.`,
    evidence: [
      { what: "edges of the graph", found: edges, expected: String(meshEdges), n: vertices },
      { what: "of the mesh's edges in it", found: shared, expected: String(meshEdges), n: meshEdges },
      { what: "vertices with a loop to themselves", found: selfLoops, expected: String(vertices), n: vertices },
    ],
    causes: [
      "the mesh could not be read and a ring took its place (the original's src/models/utnet.py:163-169, gcn_refinement.py:36-72)",
      "a checkpoint made with the ring brought it back: adjacency is a persistent buffer (gcn_refinement.py:254)",
    ],
    remedy:
      "Build the adjacency from the faces and refuse to go on without them (gcn_refinement.py:36-72); do not load `adjacency` from checkpoints. Here: leave out quirk ring-adjacency.",
    change: { withoutQuirks: ["ring-adjacency"] },
    samples: [],
  };
};
